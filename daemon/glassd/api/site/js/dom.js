// Elements, made without HTML: whatever is put into the page is put in as text, so that model text can run nothing.

const SVG = "http://www.w3.org/2000/svg";

/** Return a new element. `attributes`: those that are null, undefined or false are left out, functions listen. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Return a new element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Make `children` (nodes or texts; null and false are left out) all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Set an element's text, and touch the page only where it differs: a live region speaks what has changed. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Return the element of an id, which the page has. */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** Make an element's children those of `items`, in their order, and keep each whose key was there before.
 *
 * `key(item)` tells them apart, `make(item)` returns a new child, `update(child, item)` brings one up to date. What has
 * the focus, or is being read, is moved only where the order says so.
 */
export function keep(parent, items, key, make, update) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let last = null;
  for (const item of items) {
    const name = String(key(item));
    let child = before.get(name);
    before.delete(name);
    if (child === undefined) {
      child = make(item);
      child.dataset.key = name;
    }
    update(child, item);
    const place = last === null ? parent.firstElementChild : last.nextElementSibling;
    if (child !== place) parent.insertBefore(child, place);
    last = child;
  }
  for (const child of before.values()) child.remove();
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return fill(element, ...children);
}
