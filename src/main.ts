/** The first thing that runs: says clearly when the Node it runs on is too old, before anything is loaded that would fail on it. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `clawdforge needs Node 22.13 or newer to run; this is ${process.versions.node}.\n` +
      'On Linux and Windows "npm start" brings its own; elsewhere install a newer Node.\n',
  );
  process.exit(1);
}

const { serve } = await import('./serve.js');
await serve();

export {};
