import { ApiProperty } from '@nestjs/swagger';

export class UploadFileRequest {
  /** The file; the form holds nothing else. */
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;
}

export class FileResponse {
  /** @example "9f86d081884c7d659a2feaa0c55ad015" */
  file_id!: string;

  /**
   * What the client called it, without directories and control characters.
   * @example "notes.txt"
   */
  name!: string;

  /**
   * Bytes.
   * @example 12
   */
  size!: number;

  /**
   * SHA-256 of the bytes, hex.
   * @example "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"
   */
  sha256!: string;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;
}

export class UploadFileResponse extends FileResponse {
  /** @example true */
  ok!: true;
}

export class FilePageResponse {
  /**
   * How many files are in this answer.
   * @example 1
   */
  count!: number;

  files!: FileResponse[];

  /**
   * Send as `after` for the page behind this one; null on the last.
   * @example null
   */
  next!: string | null;
}

export class DeleteFileResponse {
  /** @example true */
  ok!: true;

  /** @example "9f86d081884c7d659a2feaa0c55ad015" */
  file_id!: string;
}
