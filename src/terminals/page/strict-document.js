/**
 * A document for xterm under a policy without inline styles. xterm writes rules into style elements, and colours into style
 * attributes; here the rules go to constructed sheets, and the attributes to the elements' own style objects, which the
 * policy leaves to scripts (docs/adr/0011).
 * @param {Document} document
 * @returns {Document}
 */
export function strictDocument(document) {
  return new Proxy(document, {
    get(target, name) {
      if (name === 'createElement') {
        return (/** @type {string} */ tag) =>
          tag === 'style' ? constructedStyle(target) : withStyleObject(target.createElement(tag));
      }
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/**
 * An element that is not drawn, whose text is a style sheet of the document while it exists.
 * @param {Document} document
 */
function constructedStyle(document) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  const element = document.createElement('template');
  Object.defineProperty(element, 'textContent', {
    set: (/** @type {string} */ rules) => sheet.replaceSync(rules),
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

/**
 * @template {HTMLElement} E
 * @param {E} element
 */
function withStyleObject(element) {
  element.setAttribute = (name, value) => {
    if (name === 'style') element.style.cssText = value;
    else Element.prototype.setAttribute.call(element, name, value);
  };
  return element;
}
