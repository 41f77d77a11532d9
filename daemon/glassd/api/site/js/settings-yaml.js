// What the page must know of YAML: which key a line is of, as glassd writes it (block style, two blanks an indent).

const KEY = /^( *)((?:- +)*)(?:("(?:[^"\\]|\\.)*"|[^\s"'#[{:][^:]*?) *:(?: |$))?/;

/** Return the path of the key on a line (from 0): texts, and numbers for the items of lists; empty where none is. */
export function pathAt(lines, line) {
  const entries = [];
  let limit = Infinity;
  for (let at = line; at >= 0 && limit > 0; at--) {
    const text = lines[at];
    if (text.trim() === "" || text.trimStart().startsWith("#")) {
      if (at === line) limit = indentOf(text);
      continue;
    }
    for (const part of partsOf(text).reverse()) {
      if (part.column >= limit) continue;
      if (part.item) entries.push(numberOf(lines, at, part.column));
      else entries.push(part.key);
      limit = part.item ? part.column + 0.5 : part.column; // a list may stand as far out as its key
    }
  }
  return entries.reverse();
}

/** Return the first and the last line (from 0, the last one not included) of a key of the file's top, or null. */
export function sectionOf(lines, key) {
  const first = lines.findIndex((text) => text === `${key}:` || text.startsWith(`${key}: `));
  if (first < 0) return null;
  let last = first + 1;
  while (last < lines.length && /^(\s|-|#|$)/.test(lines[last])) last++;
  while (last > first + 1 && lines[last - 1].trim() === "") last--;
  return [first, last];
}

function partsOf(text) {
  const [, blanks, dashes, key] = KEY.exec(text);
  const parts = [];
  let column = blanks.length;
  for (const dash of dashes.match(/- +/g) ?? []) {
    parts.push({ item: true, column });
    column += dash.length;
  }
  if (/^ *(- +)*-$/.test(text)) parts.push({ item: true, column: text.length - 1 });
  if (key !== undefined) parts.push({ item: false, column, key: bare(key) });
  return parts;
}

function numberOf(lines, line, column) {
  let number = 0;
  for (let at = line - 1; at >= 0; at--) {
    const text = lines[at];
    if (text.trim() === "") continue;
    const indent = indentOf(text);
    if (indent < column || (indent === column && text[column] !== "-")) break;
    if (indent === column) number++;
  }
  return number;
}

function indentOf(text) {
  return text.length - text.trimStart().length;
}

function bare(key) {
  if (!key.startsWith('"')) return key;
  try {
    return JSON.parse(key);
  } catch {
    return key;
  }
}
