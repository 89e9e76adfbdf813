import { loadConfig, readEnvironment } from './config/load-config.js';
import { messageOf } from './core/errors.js';
import { makeDirectories } from './database/data-directory.js';
import { openLedger } from './database/open-ledger.js';
import { AdminTokenService } from './tokens/admin-token.service.js';
import { GatewayStateEntity } from './tokens/gateway-state.entity.js';

/** `npm run admin:reset`: a new admin token in the ledger of the settings, also while the server runs. */
try {
  const config = loadConfig(readEnvironment(process.cwd()), process.cwd());
  if (config.adminToken !== null) {
    throw new Error('ADMIN_BOOTSTRAP_TOKEN is set, and is the admin token at every start; change it there');
  }
  await makeDirectories(config);
  const ledger = await openLedger(config.dbPath, [GatewayStateEntity]);
  const token = await new AdminTokenService(config, ledger).reset();
  await ledger.close();
  process.stdout.write(`${token}\n`);
  process.stderr.write('This is the admin token from now on; the one before is unknown.\n');
} catch (error) {
  process.stderr.write(`no new admin token: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
