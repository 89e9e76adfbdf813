import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

const NODE_SCRIPT = /\.[cm]?js$/;
const NODE_SHEBANG = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(?:\S*\/)?node(?:\s|$)/;
const SHEBANG_BYTES = 256;

/**
 * The absolute path of a program: looked up over `searchPath` as a shell does, or the path itself when it holds a slash.
 * Undefined when there is no such file that may be executed.
 */
export function findExecutable(command: string, searchPath: string): string | undefined {
  if (command.includes('/')) return isExecutableFile(command) ? path.resolve(command) : undefined;
  return searchPath
    .split(path.delimiter)
    .filter((directory) => path.isAbsolute(directory))
    .map((directory) => path.join(directory, command))
    .find(isExecutableFile);
}

/**
 * How to start a program: by itself, or, when it is really a script for node, by this process's own node, because
 * agents need a newer node than the PATH may have.
 */
export function launchArgv(executable: string): [string, ...string[]] {
  const script = realpathSync(executable);
  const isNodeScript = NODE_SCRIPT.test(script) || NODE_SHEBANG.test(beginningOf(script));
  return isNodeScript ? [process.execPath, script] : [executable];
}

function isExecutableFile(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function beginningOf(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(SHEBANG_BYTES);
    const bytes = readSync(descriptor, buffer, 0, SHEBANG_BYTES, 0);
    return buffer.toString('latin1', 0, bytes);
  } finally {
    closeSync(descriptor);
  }
}
