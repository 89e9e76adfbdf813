/**
 * Makes xterm's styles fit a policy without inline styles. xterm makes style elements for its rules and writes colours into
 * style attributes. Elements that are made on this page from now on put such rules into constructed sheets, and such
 * attributes into the element's own style object: both are open to scripts under the policy (docs/adr/0011).
 */
export function keepStylesOutOfMarkup() {
  const create = document.createElement.bind(document);
  /** @param {string} tag */
  const createStrict = (tag) =>
    tag === 'style' ? sheetElement(create('template')) : withStyleObject(create(tag));
  Object.defineProperty(document, 'createElement', { value: createStrict });
}

/**
 * Stands in for a style element: its text is a sheet of the document, while it exists.
 * @param {HTMLElement} element
 */
function sheetElement(element) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, 'textContent', {
    set: (/** @type {string} */ rules) => sheet.replaceSync(rules),
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

/** @param {HTMLElement} element */
function withStyleObject(element) {
  element.setAttribute = (name, value) => {
    if (name === 'style') element.style.cssText = value;
    else Element.prototype.setAttribute.call(element, name, value);
  };
  return element;
}
