import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';

/** Who may call a route: everyone, a live app token, or the admin token. */
export type Access = 'open' | 'app' | 'admin';

export const ACCESS_METADATA = 'clawdforge:access';

/** A route without a token. */
export const OpenRoute = () => SetMetadata(ACCESS_METADATA, 'open' satisfies Access);

/** A route for apps; this is also what a route without a decorator is taken for. */
export const AppRoute = () =>
  applyDecorators(SetMetadata(ACCESS_METADATA, 'app' satisfies Access), ApiBearerAuth('app'));

export const KEY_HEADER_METADATA = 'clawdforge:key-header';

/** A route for apps whose clients may send their token as `x-api-key`, as another API has it. */
export const KeyHeaderRoute = () =>
  applyDecorators(AppRoute(), SetMetadata(KEY_HEADER_METADATA, true), ApiSecurity('app_key'));

/** A route for the admin token only. */
export const AdminRoute = () =>
  applyDecorators(SetMetadata(ACCESS_METADATA, 'admin' satisfies Access), ApiBearerAuth('admin'));
