import { FitAddon } from './addon-fit.mjs';
import { isTyped } from './keyboard.js';
import { keepStylesOutOfMarkup } from './strict-styles.js';
import { Terminal } from './xterm.mjs';

const RESET = '\x1bc';

keepStylesOutOfMarkup();

/** A live terminal, drawn by xterm in an element of the page. */
export class TerminalView {
  #terminal;
  #fit = new FitAddon();

  /**
   * @param {HTMLElement} element
   * @param {{onInput: (text: string) => void, onLeave: () => void}} listener
   */
  constructor(element, { onInput, onLeave }) {
    this.#terminal = new Terminal({
      scrollback: 1000,
      fontFamily: 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 14,
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(element);
    this.#terminal.onData((input) => {
      if (isTyped(input)) onInput(input);
    });
    this.#terminal.attachCustomKeyEventHandler((event) => {
      if (event.key !== 'F6') return true;
      event.preventDefault();
      if (event.type === 'keydown') onLeave();
      return false;
    });
  }

  /** @param {{cols: number, rows: number, ansi: string}} snapshot */
  show({ cols, rows, ansi }) {
    // In line with what is still to be drawn, so that none of it comes out on the new screen.
    this.#terminal.write(RESET, () => this.#terminal.resize(cols, rows));
    this.#terminal.write(ansi);
  }

  /** @param {string} base64 */
  write(base64) {
    this.#terminal.write(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
  }

  /** The size that would fill the element; undefined when it cannot be told. */
  get fittingSize() {
    return this.#fit.proposeDimensions();
  }

  focus() {
    this.#terminal.focus();
  }

  /** Nothing can be typed any more. */
  freeze() {
    this.#terminal.options.disableStdin = true;
    this.#terminal.options.cursorBlink = false;
  }

  dispose() {
    this.#terminal.dispose();
  }
}
