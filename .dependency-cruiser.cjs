/**
 * The import boundaries of ARCHITECTURE.md. Each rule says why it is there.
 * A room may import the rooms listed for it, itself, and packages from npm.
 */
const rooms = {
  // Pure domain: nothing but itself, so that it can be tested by plain calls.
  core: [],
  common: ['core', 'config'],
  config: ['core'],
  database: ['core', 'config', 'common'],
};
rooms.processes = ['core', 'common', 'config', 'database'];
const base = ['core', 'common', 'config', 'database', 'processes'];
rooms.audit = base;
rooms.tokens = [...base, 'audit'];
rooms.auth = [...base, 'audit', 'tokens'];
rooms.idempotency = [...base, 'audit', 'tokens', 'auth'];
rooms.metrics = [...base, 'tokens', 'auth'];
rooms.files = [...base, 'audit', 'tokens', 'auth'];
// A runner knows agents, not HTTP and not the ledger's sessions.
rooms.acpx = base;
// The backend knows claude, not HTTP; the dialects over it are in compat/.
rooms['claude-code'] = base;
rooms.sessions = [...base, 'audit', 'tokens', 'auth', 'idempotency', 'metrics', 'files', 'acpx'];
rooms.run = [...base, 'audit', 'tokens', 'auth', 'idempotency', 'metrics', 'files'];
rooms.compat = [...base, 'audit', 'tokens', 'auth', 'metrics', 'idempotency', 'files', 'run', 'claude-code'];
rooms.terminals = [...base, 'audit', 'claude-code'];
rooms.sweeper = [...base, 'audit', 'idempotency', 'sessions'];
rooms.health = [
  ...base,
  'audit',
  'tokens',
  'auth',
  'metrics',
  'acpx',
  'sessions',
  'run',
  'claude-code',
  'sweeper',
];
// A program of its own, spoken to over ACP only: it shares pure code and nothing else.
rooms['echo-agent'] = ['core'];

const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `src/${room}/ imports only: ${allowed.join(', ') || 'nothing'} (one way of imports, ARCHITECTURE.md)`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'no-circles',
      comment: 'A circle makes two rooms one and breaks dependency injection in ways that show late.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-is-pure',
      comment: 'core/ does no I/O and knows no framework; only types and hashing from node.',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^(src/core/|(node:)?crypto$|node_modules/ipaddr)' },
    },
    {
      name: 'one-spawner',
      comment: 'Only processes/ starts programs: groups, markers, deadlines and reaping live in one place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/processes/' },
      to: { path: '^(node:)?child_process$|node-pty' },
    },
    {
      name: 'controllers-touch-no-entity',
      comment: 'Controllers translate; entities are what we store, not what we promise.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.entity\\.ts$' },
    },
    {
      name: 'acp-sdk-in-one-room',
      comment: 'Only the warm runner may know the ACP SDK; all else reads messages with core/.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/acpx/acp/' },
      to: { path: '@agentclientprotocol/sdk' },
    },
    {
      name: 'runners-are-private',
      comment: 'A runner implementation is reached through the AcpxRunner token only.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/acpx/' },
      to: { path: '^src/acpx/(cli|acp|fake)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
  },
};
