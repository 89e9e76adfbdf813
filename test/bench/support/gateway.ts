import path from 'node:path';
import { PACKAGE_ROOT, type Lab } from './lab.js';
import { startMeasuredServer, type MeasuredServer } from './measured-server.js';

const ADMIN_TOKEN = 'bench-admin-token';

/** The built gateway, started in the lab. */
export interface Gateway extends MeasuredServer {
  /** Mints a token and returns the headers of a caller with it. */
  mint(name: string): Promise<Record<string, string>>;
}

export async function startGateway(
  lab: Lab,
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  const server = await startMeasuredServer(
    lab,
    'gateway',
    path.join(PACKAGE_ROOT, 'dist', 'main.js'),
    { CLAWDFORGE_DATA_DIR: dataDir, ADMIN_BOOTSTRAP_TOKEN: ADMIN_TOKEN, ...env },
    '/readyz',
  );
  const mint = async (name: string): Promise<Record<string, string>> => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const { token } = await postJson<{ token: string }>(`${server.baseUrl}/admin/tokens`, headers, { name });
    return { authorization: `Bearer ${token}` };
  };
  return { ...server, mint };
}

/** @throws unless the answer is 200. */
export async function postJson<T>(url: string, headers: Record<string, string>, body: unknown): Promise<T> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}
