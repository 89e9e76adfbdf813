import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The app behind a live token. */
export interface AppCaller {
  readonly appName: string;
  /** Bound on the app's open sessions; null for the server's only. */
  readonly maxSessions: number | null;
}

const CALLER = Symbol('caller');

export function setCaller(request: Request, caller: AppCaller): void {
  Object.assign(request, { [CALLER]: caller });
}

export function callerOf(request: Request): AppCaller | undefined {
  return (request as { [CALLER]?: AppCaller })[CALLER];
}

/** The calling app, in a route of `@AppRoute()`. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): AppCaller => {
  const caller = callerOf(context.switchToHttp().getRequest<Request>());
  if (caller === undefined) throw new Error('the route has no app caller');
  return caller;
});
