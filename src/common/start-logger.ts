import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** Nest tells of every module and route at each start; that is no news to anyone. */
const CHATTER = new Set([
  'InstanceLoader',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'NestApplication',
]);

/** The application's logger, without Nest's own chatter at info level. */
@Injectable()
export class StartLogger extends Logger {
  override log(message: unknown, ...optionalParams: unknown[]): void {
    const context = optionalParams.at(-1);
    if (typeof context === 'string' && CHATTER.has(context)) return;
    super.log(message, ...optionalParams);
  }
}
