import { AdminApi, RefusedError } from './admin-api.js';
import { element, say } from './elements.js';
import { showRows } from './terminal-table.js';
import { Watching } from './watching.js';

/** @typedef {import('./admin-api.js').LiveTerminal} LiveTerminal */

const LIST_EVERY_MS = 2000;

/** What lasts from a token to its being forgotten. It holds the only copy of the token. */
class Visit {
  isOver = false;
  /** @type {Watching | undefined} */
  #watching;
  /** Whether the last word of the server is still awaited. */
  #isAwaited = true;

  /** @param {AdminApi} api */
  constructor(api) {
    this.api = api;
    void this.#keepListing();
  }

  stopWatching() {
    this.#watching?.stop();
    this.#watching = undefined;
  }

  async refresh() {
    try {
      const terminals = await this.api.list();
      if (!this.isOver) this.#show(terminals);
    } catch (error) {
      if (this.isOver) return;
      this.#isAwaited = true;
      if (error instanceof RefusedError && error.isAboutToken) forgetToken(error.message);
      else if (error instanceof RefusedError) say(error.message, true);
      else say('The server does not answer; trying again …', true);
    }
  }

  async #keepListing() {
    while (!this.isOver) {
      if (!document.hidden) await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, LIST_EVERY_MS));
    }
  }

  /** @param {LiveTerminal[]} terminals */
  #show(terminals) {
    if (this.#isAwaited) say('');
    this.#isAwaited = false;
    element('entry').hidden = true;
    element('overview').hidden = element('forget').hidden = false;
    element('empty').hidden = terminals.length > 0;
    element('table').hidden = terminals.length === 0;
    showRows(element('rows'), terminals, {
      watchedId: this.#watching?.id,
      onWatch: (terminal) => this.#watch(terminal),
    });
  }

  /** @param {LiveTerminal} terminal */
  #watch(terminal) {
    this.stopWatching();
    say('');
    this.#watching = new Watching(this.api, terminal, (error) => forgetToken(error.message));
    void this.refresh();
  }
}

/** @type {Visit | undefined} */
let visit;

/** Forgets the token, and all that was shown with it. @param {string} reason */
function forgetToken(reason) {
  visit?.stopWatching();
  if (visit !== undefined) visit.isOver = true;
  visit = undefined;
  element('overview').hidden = element('forget').hidden = true;
  element('rows').replaceChildren();
  element('entry').hidden = false;
  element('token').focus();
  say(reason, reason !== '');
}

element('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (element('token'));
  if (visit !== undefined) visit.isOver = true;
  visit = new Visit(new AdminApi(field.value.trim()));
  field.value = '';
});
element('forget').addEventListener('click', () => forgetToken(''));
element('leave').addEventListener('click', () => {
  visit?.stopWatching();
  say('');
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void visit?.refresh();
});
