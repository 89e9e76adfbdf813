/** The variable that every process of ours carries, so that none can hide (docs/adr/0004). */
export const MARKER_VARIABLE = 'CLAWDFORGE_PROCESS_MARKER';

/** What a marker stands for. */
export type MarkerKind = 'session' | 'agent' | 'run' | 'probe' | 'claude';

export interface SpawnRequest {
  /** What the process is for, in the log: `acpx prompt`, `claude run`. */
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** From `ProcessSupervisor.newMarker`; goes into the environment. */
  readonly marker: string;
  /** Written to stdin, which is then closed. Without it stdin stays open for `write`. */
  readonly input?: string;
  /** Bound of one line of stdout, in bytes; default 64 MiB. */
  readonly maxLineBytes?: number;
  /** Variables on top of the allow-listed environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program in a pseudo-terminal. */
export interface TerminalRequest extends Pick<
  SpawnRequest,
  'label' | 'command' | 'args' | 'cwd' | 'marker' | 'env'
> {
  /** The size of the terminal, in characters. */
  readonly columns: number;
  readonly rows: number;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the program could not be started at all; null when it ran. */
  readonly spawnError: NodeJS.ErrnoException | null;
}
