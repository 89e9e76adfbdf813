const path = require('node:path');
const root = require('../../jest.config.cjs');

/** The real agents: slow, and a download at first use, so they are not part of `npm test`. */
module.exports = {
  ...root,
  rootDir: path.resolve(__dirname, '../..'),
  roots: ['<rootDir>/test/real'],
  testMatch: ['<rootDir>/test/real/**/*.real-spec.ts'],
  setupFiles: [],
  // An agent is a few hundred megabytes.
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/real/crashes-first.cjs',
};
