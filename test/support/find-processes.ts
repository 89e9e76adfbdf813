import { readdir, readFile } from 'node:fs/promises';

/**
 * The pids of the living processes whose initial environment passes `matches`; zombies do not count.
 * Linux only: elsewhere the list is empty.
 */
export async function findProcesses(
  matches: (environment: ReadonlyMap<string, string>) => boolean,
): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await isMatch(pid, matches)) ? [pid] : [])));
  return found.flat();
}

/** The pid of a process's parent; undefined when it has ended. */
export async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? undefined : Number(fieldsOf(stat)[1]);
}

async function isMatch(
  pid: number,
  matches: (environment: ReadonlyMap<string, string>) => boolean,
): Promise<boolean> {
  try {
    if (!matches(parse(await readFile(`/proc/${pid}/environ`, 'utf8')))) return false;
    return fieldsOf(await readFile(`/proc/${pid}/stat`, 'utf8'))[0] !== 'Z';
  } catch {
    // Ended while it was looked at, or not ours to read.
    return false;
  }
}

/** From the state on: it follows the program's name, which may itself hold brackets and blanks. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function parse(environ: string): Map<string, string> {
  const pairs = environ.split('\0').map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return new Map(pairs);
}
