import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { type FieldError, GatewayError, invalidFields } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json-rpc.js';
import { FileReferences } from '../files/file-references.js';

const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const TAKES_URI = 'takes a file: URI below one of CLAWDFORGE_FILE_ROOTS';

/** Checks the content blocks of a turn (ACP, content) and keeps of each only the fields that it knows. */
@Injectable()
export class TurnContent {
  constructor(private readonly files: FileReferences) {}

  /** @throws GatewayError `validation_failed` naming each wrong block. */
  async check(appName: string, blocks: readonly unknown[]): Promise<JsonObject[]> {
    const checked: JsonObject[] = [];
    const errors: FieldError[] = [];
    for (const [index, block] of blocks.entries()) {
      const read = await this.read(appName, block);
      if (typeof read === 'string') errors.push({ field: `content[${index}]`, message: read });
      else checked.push(read);
    }
    if (errors.length > 0) throw invalidFields(errors);
    return checked;
  }

  /** The block, or what is wrong with it. */
  private async read(appName: string, block: unknown): Promise<JsonObject | string> {
    if (!isJsonObject(block)) return 'takes an object';
    switch (block.type) {
      case 'text':
        return typeof block.text === 'string' && block.text !== ''
          ? { type: 'text', text: block.text }
          : 'takes {"type": "text", "text": a string}';
      case 'image':
        return readImage(block);
      case 'resource':
        return this.readResource(appName, block);
      case 'resource_link':
        if (typeof block.name !== 'string') return 'takes {"type": "resource_link", "name", "uri"}';
        return (await this.isReadable(appName, block.uri))
          ? { type: 'resource_link', name: block.name, uri: block.uri }
          : TAKES_URI;
      default:
        return 'takes a block of type text, image, resource or resource_link';
    }
  }

  private async readResource(appName: string, { resource }: JsonObject): Promise<JsonObject | string> {
    if (!isJsonObject(resource)) return 'takes {"type": "resource", "resource": {"uri", "text" or "blob"}}';
    const { uri, text, blob, mimeType } = resource;
    if (!(await this.isReadable(appName, uri))) return TAKES_URI;
    const type = typeof mimeType === 'string' ? { mimeType } : {};
    if (typeof text === 'string') return { type: 'resource', resource: { uri, text, ...type } };
    if (typeof blob === 'string' && BASE64.test(blob))
      return { type: 'resource', resource: { uri, blob, ...type } };
    return 'takes a resource with "text", or with "blob" in base64';
  }

  private async isReadable(appName: string, uri: unknown): Promise<boolean> {
    if (typeof uri !== 'string' || !uri.startsWith('file:')) return false;
    try {
      await this.files.resolve(appName, [fileURLToPath(uri)]);
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.code !== 'validation_failed') throw error;
      return false;
    }
  }
}

function readImage({ data, mimeType }: JsonObject): JsonObject | string {
  const isImage =
    typeof data === 'string' &&
    BASE64.test(data) &&
    typeof mimeType === 'string' &&
    IMAGE_TYPES.includes(mimeType);
  return isImage
    ? { type: 'image', data, mimeType }
    : `takes {"type": "image", "data": base64, "mimeType": one of ${IMAGE_TYPES.join(', ')}}`;
}
