import { RefusedError } from './admin-api.js';
import { element, say } from './elements.js';
import { InputQueue } from './keyboard.js';
import { TerminalView } from './terminal-view.js';

/** @typedef {import('./admin-api.js').AdminApi} AdminApi */
/** @typedef {import('./admin-api.js').LiveTerminal} LiveTerminal */

const TRY_AGAIN_MS = 1000;
/** What the server takes. */
const BOUNDS = { minCols: 20, maxCols: 500, minRows: 5, maxRows: 200 };

/** One terminal on the page, from the click on it to its end. */
export class Watching {
  #api;
  #leaving = new AbortController();
  #view;
  #queue;
  #onRefused;
  #hasEnded = false;

  /**
   * @param {AdminApi} api
   * @param {LiveTerminal} terminal
   * @param {(error: RefusedError) => void} onRefused when the token does not open it any more.
   */
  constructor(api, terminal, onRefused) {
    this.#api = api;
    this.id = terminal.id;
    this.#onRefused = onRefused;
    this.#queue = new InputQueue(
      (text) => api.type(this.id, { text }),
      (error) => this.#failed(error),
    );
    element('viewer-title').textContent = `${terminal.app_name}: session ${terminal.id}`;
    element('viewer').hidden = false;
    element('terminal').classList.remove('ended');
    this.#view = new TerminalView(element('terminal'), {
      onInput: (text) => this.#queue.push(text),
      onLeave: () => this.#firstButton?.focus(),
    });
    this.#listenToButtons();
    this.#view.focus();
    void this.#follow();
  }

  /** Ends the watching; what goes on in the terminal goes on. */
  stop() {
    this.#leaving.abort();
    this.#view.dispose();
    element('terminal').replaceChildren();
    element('viewer').hidden = true;
  }

  async #follow() {
    const { signal } = this.#leaving;
    while (!signal.aborted && !this.#hasEnded) {
      try {
        for await (const { event, data } of this.#api.follow(this.id, signal)) this.#take(event, data);
        if (!this.#hasEnded) throw new Error('the stream broke off');
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
  }

  /**
   * @param {string} event
   * @param {any} data
   */
  #take(event, data) {
    if (this.#leaving.signal.aborted) return;
    if (event === 'snapshot') {
      say('');
      this.#view.show(data);
    } else if (event === 'output') this.#view.write(data.base64);
    else if (event === 'end') this.#ended();
  }

  /** @param {unknown} error */
  #failed(error) {
    if (this.#leaving.signal.aborted || this.#hasEnded) return;
    if (!(error instanceof RefusedError)) say('The connection to the server was lost; trying again …', true);
    else if (error.status === 404) this.#ended();
    else if (error.isAboutToken) this.#onRefused(error);
    else say(error.message, true);
  }

  #ended() {
    this.#hasEnded = true;
    this.#view.freeze();
    element('terminal').classList.add('ended');
    for (const button of this.#buttons) button.disabled = true;
    say('The terminal has ended. What it showed last is still here.', true);
  }

  #listenToButtons() {
    const { signal } = this.#leaving;
    for (const button of this.#buttons) {
      button.disabled = false;
      button.addEventListener('click', () => this.#press(button), { signal });
    }
  }

  /** @param {HTMLButtonElement} button */
  #press(button) {
    const { key } = button.dataset;
    const done = key === undefined ? this.#resize() : this.#api.type(this.id, { keys: [key] });
    done.catch((error) => this.#failed(error));
    this.#view.focus();
  }

  async #resize() {
    const size = this.#view.fittingSize;
    if (size === undefined) return;
    const cols = Math.min(BOUNDS.maxCols, Math.max(BOUNDS.minCols, size.cols));
    const rows = Math.min(BOUNDS.maxRows, Math.max(BOUNDS.minRows, size.rows));
    await this.#api.resize(this.id, { cols, rows });
  }

  /** @returns {NodeListOf<HTMLButtonElement>} those that do something to the terminal. */
  get #buttons() {
    return element('viewer').querySelectorAll('button[data-key], #fit');
  }

  get #firstButton() {
    return this.#buttons[0];
  }
}
