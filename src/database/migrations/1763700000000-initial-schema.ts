import type { MigrationInterface, QueryRunner } from 'typeorm';

/** All times are Unix milliseconds; unknown ones are null. */
const UP = [
  `CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    ip_cidrs TEXT NOT NULL,
    max_sessions INTEGER,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
  )`,
  // A name has one live token; the revoked ones before it stay as history.
  `CREATE UNIQUE INDEX tokens_live_name ON tokens (name) WHERE revoked_at IS NULL`,
  `CREATE INDEX tokens_name ON tokens (name, id)`,

  `CREATE TABLE gateway_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,

  `CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    app_name TEXT NOT NULL,
    agent TEXT NOT NULL,
    launch_command TEXT,
    agent_session_id TEXT,
    cwd TEXT NOT NULL,
    owns_cwd INTEGER NOT NULL,
    marker TEXT NOT NULL,
    meta TEXT,
    created_at INTEGER NOT NULL,
    last_turn_at INTEGER,
    idle_since INTEGER NOT NULL,
    turn_count INTEGER NOT NULL DEFAULT 0,
    last_turn_index INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER
  )`,
  `CREATE INDEX sessions_app ON sessions (app_name, seq)`,
  `CREATE INDEX sessions_app_open ON sessions (app_name, seq) WHERE closed_at IS NULL`,
  `CREATE INDEX sessions_idle ON sessions (idle_since) WHERE closed_at IS NULL`,
  `CREATE INDEX sessions_closed ON sessions (closed_at) WHERE closed_at IS NOT NULL`,

  `CREATE TABLE turns (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn_index INTEGER NOT NULL,
    status TEXT NOT NULL,
    stop_reason TEXT,
    error TEXT,
    usage TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    duration_ms INTEGER,
    UNIQUE (session_id, turn_index)
  ) WITHOUT ROWID`,
  `CREATE INDEX turns_unfinished ON turns (status) WHERE status IN ('queued', 'running')`,

  // No foreign key: the trail outlives what it tells of.
  `CREATE TABLE session_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT,
    app_name TEXT,
    event TEXT NOT NULL,
    detail TEXT,
    created_at INTEGER NOT NULL
  )`,
  `CREATE INDEX session_events_session ON session_events (session_id, id)`,
  `CREATE INDEX session_events_app ON session_events (app_name, id)`,
  `CREATE INDEX session_events_event ON session_events (event, id)`,

  `CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_name TEXT NOT NULL,
    model TEXT,
    prompt_chars INTEGER NOT NULL,
    prompt_sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    ok INTEGER,
    stop_reason TEXT,
    duration_ms INTEGER,
    error TEXT,
    usage TEXT,
    cost_usd REAL,
    created_at INTEGER NOT NULL
  )`,
  `CREATE INDEX runs_app ON runs (app_name, id)`,

  `CREATE TABLE files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    app_name TEXT NOT NULL,
    name TEXT NOT NULL,
    stored_name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL
  )`,
  `CREATE INDEX files_app ON files (app_name, seq)`,

  // One row for each marker that may be in the environment of a live process of ours.
  `CREATE TABLE processes (
    marker TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
];

export class InitialSchema1763700000000 implements MigrationInterface {
  readonly name = 'InitialSchema1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    const tables = [
      'processes',
      'files',
      'runs',
      'session_events',
      'turns',
      'sessions',
      'gateway_state',
      'tokens',
    ];
    for (const table of tables) await runner.query(`DROP TABLE ${table}`);
  }
}
