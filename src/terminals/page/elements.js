/**
 * The page's element of that id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * Tells the person at the page something; the empty text takes it away.
 * @param {string} text
 * @param {boolean} isFault
 */
export function say(text, isFault = false) {
  const message = element('message');
  message.textContent = text;
  message.classList.toggle('fault', isFault);
}
