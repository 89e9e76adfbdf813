/**
 * The yardstick: a bare Nest POST that checks a token as the gateway does (SHA-256, a look-up, an equal-time compare) and
 * commits one row through TypeORM, in a ledger with the gateway's settings. BENCH_TOKEN is the token, BENCH_DB the file.
 */
import 'reflect-metadata';
import { Body, Controller, Headers, HttpCode, Module, Post, UnauthorizedException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger, LoggerModule } from 'nestjs-pino';
import { loggingParams } from '../../../src/common/logging.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { openLedger } from '../../../src/database/open-ledger.js';
import { hashToken, sameHash } from '../../../src/tokens/token-secret.js';

const config = loadConfig(process.env, process.cwd());
const hash = hashToken(process.env.BENCH_TOKEN ?? '');
const tokens = new Map([[hash, hash]]);
const ledger = await openLedger(process.env.BENCH_DB ?? '', []);
await ledger.write((manager) =>
  manager.query('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at_ms INTEGER NOT NULL)'),
);

@Controller()
class NotesController {
  @Post('notes')
  @HttpCode(200)
  async note(
    @Headers('authorization') authorization: string | undefined,
    @Body() body: { prompt: string },
  ): Promise<{ ok: true; id: number }> {
    const presented = hashToken(authorization?.replace(/^Bearer /, '') ?? '');
    const known = tokens.get(presented);
    if (known === undefined || !sameHash(known, presented)) throw new UnauthorizedException();
    const id = await ledger.write((manager) =>
      manager.query<number>('INSERT INTO notes (text, at_ms) VALUES (?, ?)', [body.prompt, Date.now()]),
    );
    return { ok: true, id };
  }
}

@Module({ imports: [LoggerModule.forRoot(loggingParams(config))], controllers: [NotesController] })
class YardstickModule {}

const app = await NestFactory.create<NestExpressApplication>(YardstickModule, { bufferLogs: true });
app.useLogger(app.get(Logger));
// As in the gateway, so that the yardstick does no work that the gateway saves itself.
app.disable('etag');
app.disable('x-powered-by');
await app.listen(config.port, config.host);
process.on('SIGTERM', () => {
  void app
    .close()
    .then(() => ledger.close())
    .then(() => process.exit(0));
});
