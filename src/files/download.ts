import type { Response } from 'express';
import { storageUnavailable } from '../database/storage-error.js';

/** What a download needs to know of a file. */
export interface Download {
  /** Absolute path of the bytes. */
  readonly path: string;
  readonly name: string;
  readonly sha256: string;
}

/** Uploads come from anyone: no browser may guess their type, show them, or run what is in them. */
const HARMLESS = {
  'content-type': 'application/octet-stream',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cache-control': 'private, no-cache',
};

/**
 * Answers with a file as an attachment; ranges, HEAD and If-None-Match work. A client that leaves is no error.
 * @throws GatewayError `storage_unavailable` when the bytes cannot be read.
 */
export async function sendDownload(response: Response, download: Download): Promise<void> {
  const before = response.getHeaders();
  response.attachment(download.name);
  response.set(HARMLESS);
  response.setHeader('etag', `"${download.sha256}"`);
  await new Promise<void>((resolve, reject) => {
    const options = { dotfiles: 'allow', etag: false, lastModified: false, cacheControl: false } as const;
    response.sendFile(download.path, options, (error?: Error) => {
      if (!error || response.destroyed || response.headersSent) {
        if (error) response.destroy();
        resolve();
        return;
      }
      // The problem document that is sent instead is not the file.
      for (const name of response.getHeaderNames()) if (!(name in before)) response.removeHeader(name);
      reject(storageUnavailable(error));
    });
  });
}
