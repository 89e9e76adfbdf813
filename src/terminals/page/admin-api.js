import { readEvents } from './event-stream.js';

const NO_TOKEN = 'This is not the admin token of this server.';

/** @typedef {{id: string, app_name: string, engine: string, model: string | null, state: string, num_turns: number, started_at: number}} LiveTerminal */

/** An answer that is none of a success; `message` is fit to be shown. */
export class RefusedError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /** Whether it is the token that was not right. */
  get isAboutToken() {
    return this.status === 401 || this.status === 403;
  }
}

/** The admin routes for terminals. The token is in this object and nowhere else. */
export class AdminApi {
  #token;

  /** @param {string} token */
  constructor(token) {
    this.#token = token;
  }

  /** @returns {Promise<LiveTerminal[]>} */
  async list() {
    const answer = await this.#ask('', {});
    return (await answer.json()).terminals;
  }

  /**
   * @param {string} id
   * @param {{keys: string[]} | {text: string}} input
   */
  async type(id, input) {
    await this.#post(`/${id}/keys`, input);
  }

  /**
   * @param {string} id
   * @param {{cols: number, rows: number}} size
   */
  async resize(id, size) {
    await this.#post(`/${id}/size`, size);
  }

  /**
   * @param {string} id
   * @param {AbortSignal} signal
   */
  async *follow(id, signal) {
    const answer = await this.#ask(`/${id}/stream`, { signal });
    if (answer.body !== null) yield* readEvents(answer.body);
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  async #post(path, body) {
    const headers = { 'content-type': 'application/json' };
    await this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  async #ask(path, init) {
    // What no header can hold is no token; fetch would only say that it failed.
    if (!/^[\x21-\x7e]+$/.test(this.#token)) throw new RefusedError(401, NO_TOKEN);
    const answer = await fetch(`/admin/live-terminals${path}`, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${this.#token}` },
      cache: 'no-store',
      credentials: 'omit',
    });
    if (answer.ok) return answer;
    throw new RefusedError(answer.status, await reasonOf(answer));
  }
}

/** @param {Response} answer */
async function reasonOf(answer) {
  if (answer.status === 401) return NO_TOKEN;
  const problem = await answer.json().catch(() => ({}));
  return `Refused: ${problem.detail ?? `status ${answer.status}`}.`;
}
