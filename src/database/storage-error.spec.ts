import { GatewayError } from '../core/errors.js';
import { isStorageFault, storageUnavailable, toStorageError } from './storage-error.js';

const withCode = (code: string) => Object.assign(new Error('failed'), { code });

it.each([
  new Error('SQLITE_FULL: database or disk is full'),
  new Error('SQLITE_IOERR: disk I/O error'),
  new Error('SQLITE_READONLY: attempt to write a readonly database'),
  new Error('SQLITE_BUSY: database is locked'),
  withCode('ENOSPC'),
  withCode('EROFS'),
  withCode('EMFILE'),
])('takes %s for a fault of the storage', (error) => {
  expect(isStorageFault(error)).toBe(true);
  expect(toStorageError(error)).toMatchObject({ code: 'storage_unavailable', retryable: true, cause: error });
});

it.each([new Error('SQLITE_CONSTRAINT: UNIQUE failed'), withCode('ENOENT'), 'text', undefined])(
  'leaves %s as it is',
  (error) => {
    expect(isStorageFault(error)).toBe(false);
    expect(toStorageError(error)).toBe(error);
  },
);

it('wraps nothing twice, and anything when asked to', () => {
  const ours = storageUnavailable(withCode('ENOENT'));
  expect(ours).toBeInstanceOf(GatewayError);
  expect(toStorageError(ours)).toBe(ours);
});
