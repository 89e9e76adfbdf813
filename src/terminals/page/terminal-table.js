/** @typedef {import('./admin-api.js').LiveTerminal} LiveTerminal */

/**
 * Brings the rows of the table up to date. Rows that stay are kept, so that nothing loses its focus.
 * @param {HTMLElement} body
 * @param {LiveTerminal[]} terminals
 * @param {{watchedId: string | undefined, onWatch: (terminal: LiveTerminal) => void}} options
 */
export function showRows(body, terminals, { watchedId, onWatch }) {
  const known = new Map([...body.children].map((row) => [row.id, row]));
  for (const row of known.values()) {
    if (!terminals.some(({ id }) => rowId(id) === row.id)) row.remove();
  }
  for (const terminal of terminals) {
    const row = known.get(rowId(terminal.id)) ?? body.appendChild(newRow(terminal, onWatch));
    fill(row, terminal);
    row.setAttribute('aria-current', String(terminal.id === watchedId));
  }
}

/**
 * @param {LiveTerminal} terminal
 * @param {(terminal: LiveTerminal) => void} onWatch
 */
function newRow(terminal, onWatch) {
  const row = document.createElement('tr');
  row.id = rowId(terminal.id);
  for (const kind of ['', '', '', '', 'number', 'number']) {
    row.appendChild(document.createElement('td')).className = kind;
  }
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Watch';
  button.setAttribute('aria-label', `Watch the session ${terminal.id} of ${terminal.app_name}`);
  button.addEventListener('click', () => onWatch(terminal));
  const id = document.createElement('code');
  id.textContent = ` ${terminal.id.slice(0, 8)}`;
  row.appendChild(document.createElement('td')).append(button, id);
  return row;
}

/**
 * @param {Element} row
 * @param {LiveTerminal} terminal
 */
function fill(row, { app_name, engine, model, state, num_turns, started_at }) {
  const age = ageOf(Date.now() / 1000 - started_at);
  const texts = [app_name, engine, model ?? "claude's default", state, String(num_turns), age];
  texts.forEach((text, index) => {
    const cell = row.children[index];
    // Only what changed, for whoever has selected the text or is being read it.
    if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
  });
}

/** @param {string} id */
function rowId(id) {
  return `session-${id}`;
}

/** @param {number} secs */
function ageOf(secs) {
  if (secs < 60) return `${Math.max(0, Math.floor(secs))} s`;
  if (secs < 3600) return `${Math.floor(secs / 60)} min`;
  return `${Math.floor(secs / 3600)} h ${Math.floor((secs % 3600) / 60)} min`;
}
