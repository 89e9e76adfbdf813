import { Injectable } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import multer from 'multer';
import { AppConfig } from '../config/app-config.js';
import { GatewayError, invalidFields, messageOf } from '../core/errors.js';
import { cleanFileName } from './file-name.js';
import { IncomingStorage, type IncomingFile } from './incoming-storage.js';

const FIELD = 'file';

/** What a form may weigh beyond its file: boundary, part headers, and a generous rest. */
const MAX_FORM_OVERHEAD_BYTES = 64 * 1024;

/** A file that was received whole and waits under its temporary name. */
export interface ReceivedFile extends IncomingFile {
  /** What the client called it, cleaned. */
  readonly name: string;
}

/** Reads the one file of a multipart request to disk, at the speed of the disk; memory holds a few chunks. */
@Injectable()
export class UploadReceiver {
  private readonly maxFileBytes: number;
  private readonly readForm: RequestHandler;

  constructor(config: AppConfig) {
    this.maxFileBytes = config.maxFileBytes;
    this.readForm = multer({
      storage: new IncomingStorage(config.filesDir),
      limits: { fileSize: config.maxFileBytes, files: 1, fields: 0, parts: 1 },
      // Names are cleaned here; multer's own basename makes `..` look like no file at all.
      preservePath: true,
      defParamCharset: 'utf8',
    }).single(FIELD);
  }

  /**
   * From then on the file is the caller's, to keep or to remove. After a failure nothing is left on the disk.
   * @throws GatewayError `payload_too_large`, `unsupported_media_type`, `validation_failed` naming `file`,
   * or `storage_unavailable`.
   */
  async receive(request: Request, response: Response): Promise<ReceivedFile> {
    this.refuseByHeaders(request);
    await new Promise<void>((resolve, reject) => {
      this.readForm(request, response, (error?: unknown) => {
        if (error === undefined) resolve();
        else reject(this.explain(error));
      });
    });
    const file = request.file as (Express.Multer.File & IncomingFile) | undefined;
    if (file === undefined) throw noSingleFile();
    return {
      path: file.path,
      name: cleanFileName(file.originalname),
      size: file.size,
      sha256: file.sha256,
    };
  }

  private refuseByHeaders(request: Request): void {
    const contentType = request.headers['content-type'];
    if (contentType === undefined) throw noSingleFile();
    if (!/^multipart\/form-data\s*(?:;|$)/i.test(contentType)) {
      throw new GatewayError('unsupported_media_type', 'send the file as content-type: multipart/form-data');
    }
    // An upload that says it is too large is refused before it is sent; one that does not, while it comes in.
    if (Number(request.headers['content-length'] ?? 0) > this.maxFileBytes + MAX_FORM_OVERHEAD_BYTES) {
      throw this.tooLarge();
    }
  }

  private explain(error: unknown): GatewayError {
    if (error instanceof GatewayError) return error;
    if (error instanceof multer.MulterError) {
      return error.code === 'LIMIT_FILE_SIZE' ? this.tooLarge() : noSingleFile();
    }
    return invalidFields([{ field: FIELD, message: `the form cannot be read: ${messageOf(error)}` }]);
  }

  private tooLarge(): GatewayError {
    return new GatewayError('payload_too_large', `the file is larger than ${this.maxFileBytes} bytes`);
  }
}

function noSingleFile(): GatewayError {
  return invalidFields([
    { field: FIELD, message: 'takes one file with a file name, as the only part of a multipart form' },
  ]);
}
