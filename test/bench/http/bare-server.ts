/**
 * The yardstick: Nest on Express with one route that answers a constant, and the gateway's own logger. A program of its
 * own; the constant is the file that BENCH_BODY_FILE names.
 */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Controller, Get, Header, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger, LoggerModule } from 'nestjs-pino';
import { loggingParams } from '../../../src/common/logging.js';
import { loadConfig } from '../../../src/config/load-config.js';

const body = readFileSync(process.env.BENCH_BODY_FILE ?? '', 'utf8');
const config = loadConfig(process.env, process.cwd());

@Controller()
class ConstantController {
  @Get('constant')
  @Header('content-type', 'application/json; charset=utf-8')
  constant(): string {
    return body;
  }
}

@Module({ imports: [LoggerModule.forRoot(loggingParams(config))], controllers: [ConstantController] })
class BareModule {}

const app = await NestFactory.create<NestExpressApplication>(BareModule, { bufferLogs: true });
app.useLogger(app.get(Logger));
// As in the gateway, so that the yardstick does no work that the gateway saves itself.
app.disable('etag');
app.disable('x-powered-by');
await app.listen(config.port, config.host);
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
