const path = require('node:path');
const root = require('../../jest.config.cjs');

/** The tests over a real port. `npm test` has the others, `npm run check` the units and these. */
module.exports = {
  ...root,
  rootDir: path.resolve(__dirname, '../..'),
  roots: ['<rootDir>/test/e2e'],
  testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'],
};
