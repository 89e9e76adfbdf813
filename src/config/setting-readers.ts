import path from 'node:path';
import { parseCidr, type Cidr } from '../core/client-address.js';

/** A setting that cannot be used. Its message names the setting and what it takes, never its value. */
export class SettingError extends Error {
  constructor(name: string, takes: string) {
    super(`${name} takes ${takes}`);
    this.name = 'SettingError';
  }
}

/** Reads typed values from an environment; an empty value counts as not set. */
export class SettingReader {
  constructor(
    private readonly environment: Readonly<Record<string, string | undefined>>,
    private readonly baseDir: string,
  ) {}

  text(name: string): string | undefined {
    const value = this.environment[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  }

  /** A whole number from `min` to `max`. */
  whole(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) {
      throw new SettingError(name, `a whole number from ${min} to ${max}`);
    }
    return number;
  }

  oneOf<T extends string>(name: string, fallback: T, choices: readonly T[]): T {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new SettingError(name, `one of ${choices.join(', ')}`);
    return choice;
  }

  list(name: string): string[] {
    const entries = this.text(name)?.split(',') ?? [];
    return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
  }

  /** A path; a relative one is below the base directory. */
  path(name: string, fallback: string): string {
    return path.resolve(this.baseDir, this.text(name) ?? fallback);
  }

  absolutePaths(name: string): string[] {
    return this.list(name).map((entry) => {
      if (!path.isAbsolute(entry)) throw new SettingError(name, 'absolute directories, comma-separated');
      return path.normalize(entry);
    });
  }

  cidrs(name: string, fallback: readonly string[]): Cidr[] {
    const entries = this.text(name) === undefined ? fallback : this.list(name);
    return entries.map((entry) => {
      const cidr = parseCidr(entry);
      if (cidr === undefined) throw new SettingError(name, 'addresses or CIDR ranges, comma-separated');
      return cidr;
    });
  }
}
