const Sequencer = require('@jest/test-sequencer').default;

/** The longest test begins first, so that it does not run on alone when all others have ended. */
module.exports = class CrashesFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => path.endsWith('crash.real-spec.ts');
    return super.sort(tests).sort((one, other) => Number(isLong(other)) - Number(isLong(one)));
  }
};
