import { toUnixSecs } from '../core/time.js';
import type { FileResponse, UploadFileResponse } from './dto/file.dto.js';
import type { FileEntity } from './file.entity.js';

export function toFileResponse(row: FileEntity): FileResponse {
  return promisedFields(row);
}

export function toUploadFileResponse(row: FileEntity): UploadFileResponse {
  return { ok: true, ...promisedFields(row) };
}

function promisedFields(row: FileEntity) {
  return {
    file_id: row.id,
    name: row.name,
    size: row.size,
    sha256: row.sha256,
    created_at: toUnixSecs(row.createdAtMs),
  };
}
