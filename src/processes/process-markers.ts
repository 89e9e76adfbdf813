import * as fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { MARKER_VARIABLE } from './process-types.js';

const NAME = Buffer.from(`${MARKER_VARIABLE}=`);
const NUL = 0;
const USUAL_ENVIRON_BYTES = 16 * 1024;
const EMPTY = Buffer.alloc(0);
/** PF_KTHREAD of the kernel's sched.h. */
const KERNEL_THREAD_FLAG = 0x0020_0000;

// File handles cost twice as much, and a sweep reads a file of every process there is.
const open = promisify(fs.open);
const read = promisify(fs.read);
const close = promisify(fs.close);

/**
 * What one look at a process told: one of the wanted markers, that it has none, or that this look cannot tell.
 * `unclear` is a process that has ended, zombies included (its child may have come after the list was read), or one that
 * is just starting a program, which has no environment for a moment.
 */
export type MarkerLook =
  { readonly kind: 'marked'; readonly marker: string } | { readonly kind: 'unmarked' | 'unclear' };

/**
 * Looks for one of `wanted` in the environment that a process was started with. Linux only.
 * @throws when the gateway itself cannot read, for want of file descriptors for one.
 */
export async function lookForMarker(pid: number, wanted: ReadonlySet<string>): Promise<MarkerLook> {
  const environ = await readEnviron(pid).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return EMPTY;
    if (code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  });
  // Another user's: even if it carried a marker, it could not be killed.
  if (environ === undefined) return { kind: 'unmarked' };
  const marker = markersIn(environ).find((found) => wanted.has(found));
  if (marker !== undefined) return { kind: 'marked', marker };
  const isClear = environ.length > 0 || (await isKernelThread(pid));
  return { kind: isClear ? 'unmarked' : 'unclear' };
}

/** The values of the marker variable in the bytes of an environ file: `NAME=value` entries, each ended by NUL. */
export function markersIn(environ: Buffer): string[] {
  const found: string[] = [];
  for (let at = environ.indexOf(NAME); at !== -1; at = environ.indexOf(NAME, at + 1)) {
    if (at > 0 && environ[at - 1] !== NUL) continue;
    const end = environ.indexOf(NUL, at);
    found.push(environ.toString('utf8', at + NAME.length, end === -1 ? environ.length : end));
  }
  return found;
}

async function readEnviron(pid: number): Promise<Buffer> {
  const file = `/proc/${pid}/environ`;
  const descriptor = await open(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(USUAL_ENVIRON_BYTES);
    const { bytesRead } = await read(descriptor, buffer, 0, buffer.length, 0);
    return bytesRead < buffer.length ? buffer.subarray(0, bytesRead) : await readFile(file);
  } finally {
    await close(descriptor);
  }
}

/** They fill the list, and read as if they had just ended. */
async function isKernelThread(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The program's name comes before and may itself hold brackets and blanks; the flags are field 9.
  const flags = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6];
  return (Number(flags ?? 0) & KERNEL_THREAD_FLAG) !== 0;
}
