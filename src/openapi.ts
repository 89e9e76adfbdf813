import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { APPLICATION_OPTIONS } from './bootstrap.js';
import { loadConfig } from './config/load-config.js';
import { openApiDocument } from './openapi-document.js';

/** `npm run openapi`: writes the document of the routes to openapi.json; with `--check` only compares it. */
const FILE = 'openapi.json';

const dataDir = await mkdtemp(path.join(tmpdir(), 'clawdforge-openapi-'));
try {
  const config = loadConfig({ CLAWDFORGE_DATA_DIR: dataDir, LOG_LEVEL: 'silent' }, dataDir);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.of(config), {
    ...APPLICATION_OPTIONS,
    logger: false,
  });
  const document = `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
  await app.close();
  if (!process.argv.includes('--check')) {
    await writeFile(FILE, document);
  } else if ((await readFile(FILE, 'utf8').catch(() => '')) !== document) {
    process.stderr.write(`${FILE} is not what the routes say; run "npm run openapi" and commit it\n`);
    process.exitCode = 1;
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
