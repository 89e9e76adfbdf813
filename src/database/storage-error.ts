import { GatewayError, messageOf } from '../core/errors.js';

/** SQLite's result codes that mean the storage, not the statement, is at fault. */
const STORAGE_CODES = [
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_CANTOPEN',
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_NOMEM',
  'SQLITE_MISUSE: Database is closed',
];

const FILE_SYSTEM_CODES = new Set(['ENOSPC', 'EROFS', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE']);

/** Whether an error of the database or of a file says that storage does not work now. */
export function isStorageFault(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && FILE_SYSTEM_CODES.has(String(error.code))) return true;
  return STORAGE_CODES.some((code) => messageOf(error).includes(code));
}

/** A storage fault as `storage_unavailable`, retryable; every other error as it is. */
export function toStorageError(error: unknown): unknown {
  return error instanceof GatewayError || !isStorageFault(error) ? error : storageUnavailable(error);
}

/** For faults that can only be the storage's, whatever their code. */
export function storageUnavailable(cause: unknown): GatewayError {
  return new GatewayError('storage_unavailable', 'the storage cannot be read or written now', {
    retryable: true,
    retryAfterSecs: 5,
    cause,
  });
}
