import { randomBytes } from 'node:crypto';

const MAX_NAME_CHARS = 255;

/** Control characters, line separators, and the marks that turn the reading direction of what follows. */
const UNSAFE_CHARS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const EXTENSION = /[^.]\.([A-Za-z0-9]{1,16})$/;

const FILE_ID = /^[0-9a-f]{32}$/;
const STORED_NAME = /^[0-9a-f]{32}(?:\.[a-z0-9]{1,16})?$/;
const INCOMING_NAME = /^incoming-[0-9a-f]{32}$/;

/** 128 random bits as 32 lowercase hex digits. */
export function newFileId(): string {
  return randomBytes(16).toString('hex');
}

export function isFileId(text: string): boolean {
  return FILE_ID.test(text);
}

/** The name under which the bytes of an upload lie: our id, and the extension of what the client called it. */
export function storedNameOf(fileId: string, name: string): string {
  return fileId + extensionOf(name);
}

/** The name of an upload that is still being received. */
export function newIncomingName(): string {
  return `incoming-${newFileId()}`;
}

export function isIncomingName(name: string): boolean {
  return INCOMING_NAME.test(name);
}

/** The file id that a stored name begins with. */
export function idOfStoredName(storedName: string): string {
  return storedName.slice(0, 32);
}

export function isStoredName(name: string): boolean {
  return STORED_NAME.test(name);
}

/**
 * What the client called a file, made safe to show: the part behind the last `/` or `\`, without control characters and
 * bidirectional overrides, at most 255 characters (the extension is kept); `file` when nothing is left.
 */
export function cleanFileName(raw: string): string {
  const base = raw.replace(UNSAFE_CHARS, '').split(/[/\\]/).at(-1) ?? '';
  const name = base.trim();
  if (name === '' || name === '.' || name === '..') return 'file';
  const chars = Array.from(name);
  if (chars.length <= MAX_NAME_CHARS) return name;
  const extension = extensionOf(name, false);
  return chars.slice(0, MAX_NAME_CHARS - extension.length).join('') + extension;
}

/** The extension with its dot, or nothing when there is none that is harmless; that of `.htaccess` is none. */
function extensionOf(name: string, isLowerCased = true): string {
  const extension = EXTENSION.exec(name)?.[1];
  if (extension === undefined) return '';
  return `.${isLowerCased ? extension.toLowerCase() : extension}`;
}
