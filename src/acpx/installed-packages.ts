import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isJsonObject } from '../core/json-rpc.js';

/** The directory of the nearest package.json at or above `directory`: the same from the sources and from the build. */
export function packageRootOf(directory: string): string {
  const root = upwardsFrom(directory).find((candidate) => existsSync(path.join(candidate, 'package.json')));
  if (root === undefined) throw new Error(`no package.json at or above ${directory}`);
  return root;
}

/** The directory of an installed npm package, looked for as node does from `directory` upwards. */
export function installedPackage(packageName: string, directory: string): string | undefined {
  return upwardsFrom(directory)
    .map((candidate) => path.join(candidate, 'node_modules', packageName))
    .find((candidate) => existsSync(path.join(candidate, 'package.json')));
}

function upwardsFrom(directory: string): string[] {
  const parent = path.dirname(directory);
  return parent === directory ? [directory] : [directory, ...upwardsFrom(parent)];
}

/** The version of the acpx that is installed with us; null when its manifest cannot be read. */
export function bundledAcpxVersion(): string | null {
  const directory = installedPackage('acpx', packageRootOf(import.meta.dirname));
  if (directory === undefined) return null;
  const manifest: unknown = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
  return isJsonObject(manifest) && typeof manifest.version === 'string' ? manifest.version : null;
}
