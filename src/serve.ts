import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import { APPLICATION_OPTIONS, configureApp } from './bootstrap.js';
import type { AppConfig } from './config/app-config.js';
import { loadConfig, readEnvironment } from './config/load-config.js';
import { SERVER_VERSION } from './config/server-version.js';
import { SettingError } from './config/setting-readers.js';
import { messageOf } from './core/errors.js';
import { StartError } from './database/start-error.js';
import { AdminTokenService } from './tokens/admin-token.service.js';

const SAME_SIGNAL_MS = 1000;

/** Starts the server of the environment's settings; ends the process with 1 and one clear line when it cannot. */
export async function serve(): Promise<void> {
  try {
    const config = loadConfig(readEnvironment(process.cwd()), process.cwd());
    const app = await NestFactory.create<NestExpressApplication>(AppModule.of(config), {
      ...APPLICATION_OPTIONS,
      // A fault while it is built is told below in one line; Nest would print its stack before.
      logger: false,
      abortOnError: false,
    });
    configureApp(app);
    stopOnSignals(app);
    await app.init();
    const newAdminToken = await app.get(AdminTokenService).ensure();
    await listen(app, config);
    announce(await app.getUrl(), newAdminToken);
  } catch (error) {
    fail(error);
  }
}

async function listen(app: NestExpressApplication, config: AppConfig): Promise<void> {
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    await app.close();
    throw new StartError(listenFault(error, config), error);
  }
}

function listenFault(error: unknown, { host, port }: AppConfig): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is in use; stop what uses it or set PORT`;
  if (code === 'EACCES') return `port ${port} may not be opened by this user; set PORT`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST takes an address of this machine`;
  return `cannot listen on ${host}:${port}: ${messageOf(error)}`;
}

/**
 * The first SIGTERM or SIGINT stops in order and ends with 0; one that comes later ends at once. At a Ctrl-C both the terminal and
 * npm send one, so a second within a second is the same one.
 */
function stopOnSignals(app: NestExpressApplication): void {
  let stoppingSinceMs: number | undefined;
  const stop = (): void => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    stoppingSinceMs = performance.now();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        app.get(Logger).fatal({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** For the person at the terminal: on stderr, since stdout is the log and no secret belongs there. */
function announce(url: string, newAdminToken: string | null): void {
  const lines = [`clawdforge ${SERVER_VERSION} serves on ${url} - explorer at ${url}/docs`];
  if (newAdminToken !== null) {
    lines.push('', 'The admin token of this server, shown this once:', '', `    ${newAdminToken}`, '');
    lines.push('With it, mint a token for an app:', '');
    lines.push(`    curl -s ${url}/admin/tokens -H "Authorization: Bearer $ADMIN" \\`);
    lines.push(`      -H 'Content-Type: application/json' -d '{"name": "my-app"}'`, '');
    lines.push('and go on in the README or the explorer. Lost it? "npm run admin:reset" makes a new one.');
  }
  process.stderr.write(`${lines.join('\n')}\n`);
}

function fail(error: unknown): never {
  const isPlain = error instanceof StartError || error instanceof SettingError;
  const text = isPlain || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
  process.stderr.write(`clawdforge cannot start: ${text}\n`);
  process.exit(1);
}
