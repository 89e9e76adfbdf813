import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { OpenRoute } from '../common/access.js';
import { GatewayError } from '../core/errors.js';
import { ASSET_FILES, PAGE_FILE } from './page-files.js';

/** Nothing from elsewhere, nothing inline (docs/adr/0011). */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Another version of the server brings another page.
  'cache-control': 'no-store',
} as const;

/** The page for watching terminals. It is open, since it holds nothing: what it shows it asks for with the admin token. */
@ApiExcludeController()
@OpenRoute()
@Controller('admin/terminals')
export class TerminalsPageController {
  @Get()
  page(@Res() response: Response): void {
    sendPageFile(response, PAGE_FILE);
  }

  @Get('assets/:name')
  asset(@Param('name') name: string, @Res() response: Response): void {
    const file = ASSET_FILES.get(name);
    if (file === undefined) throw new GatewayError('not_found', 'the page has no such file');
    sendPageFile(response, file);
  }
}

function sendPageFile(response: Response, file: string): void {
  // `allow`, since the server may be installed below a directory whose name begins with a dot.
  response.sendFile(file, { headers: HEADERS, cacheControl: false, lastModified: false, dotfiles: 'allow' });
}
