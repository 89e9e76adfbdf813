/** Nest 12 is ESM only: the sources and the ESM-only packages below are turned into CommonJS for jest (docs/adr/0002). */
const esmOnly = ['@nestjs/', 'nestjs-pino', 'acpx/', '@openclaw/'];

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  setupFiles: ['<rootDir>/test/support/setup-env.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')}))`],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      {
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  // A busy machine can stall for half a minute. What a test waits for by itself (until.ts) has less, so that it is named.
  testTimeout: 240000,
  // Many tests wait for processes: more workers than two cores need.
  maxWorkers: 3,
};
