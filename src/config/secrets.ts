import type { AppConfig } from './app-config.js';

const SECRET_NAME = /(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$/;

/** The secret values that the settings hold, the providers' keys included, to be redacted wherever text leaves the server. */
export function secretsOf(config: AppConfig): readonly string[] {
  const fromEnvironment = Object.entries(config.agentEnv)
    .filter(([name]) => SECRET_NAME.test(name))
    .map(([, value]) => value);
  return [config.adminToken ?? '', config.metricsToken ?? '', ...fromEnvironment].filter(
    (value) => value.length >= 6,
  );
}
