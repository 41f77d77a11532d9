// The triggers of a button, read from the text of the settings and written into it.

import { sectionOf } from "./settings-yaml.js";

const KEPT = /^ *(if|cooldown):/; // of a trigger that does something else from now on

/** Return the triggers of the text: `{when, ask, do, first, last}`, lines from 0; null where they are not line by line. */
export function triggersOf(lines) {
  const section = sectionOf(lines, "triggers");
  if (section === null) return [];
  const [first, last] = section;
  if (lines[first] !== "triggers:") return /^triggers: *(\[\]|null)? *$/.test(lines[first]) ? [] : null;
  const found = [];
  for (let at = first + 1; at < last; at++) {
    if (/^( {2})?- /.test(lines[at])) found.push({ first: at, last: at + 1 });
    else if (found.length) found.at(-1).last = at + 1;
  }
  for (const trigger of found) {
    for (const line of lines.slice(trigger.first, trigger.last)) {
      const match = /^[ -]*(when|ask|do): (.*)$/.exec(line);
      if (match) trigger[match[1]] = textOf(match[2]);
    }
  }
  return found.some((trigger) => trigger.when === undefined) ? null : found;
}

/** Return the lines with what a button's gesture does set to `{ask}`, `{do}`, or null for nothing. */
export function withTrigger(lines, when, wanted) {
  const triggers = triggersOf(lines) ?? [];
  const mine = triggers.filter((trigger) => sameWords(trigger.when, when));
  const [old] = mine;
  if (wanted === null) return mine.reduceRight((left, trigger) => without(left, trigger), lines).filter(notEmpty);
  const [key] = Object.keys(wanted);
  const said = `    ${key}: ${JSON.stringify(wanted[key])}`;
  if (old !== undefined) {
    const rest = lines.slice(old.first, old.last).filter((line) => !/^[ -]*(when|ask|do): /.test(line));
    const kept = old[key] === undefined ? rest.filter((line) => KEPT.test(line)) : rest;
    return [...lines.slice(0, old.first), `  - when: ${when}`, said, ...kept, ...lines.slice(old.last)];
  }
  const section = sectionOf(lines, "triggers");
  if (section === null) return [...lines.filter((line, at) => line !== "" || at < lines.length - 1), "triggers:", `  - when: ${when}`, said, ""];
  const [first, last] = section;
  return [...lines.slice(0, first), "triggers:", ...lines.slice(first + 1, last), `  - when: ${when}`, said, ...lines.slice(last)];
}

function without(lines, trigger) {
  return [...lines.slice(0, trigger.first), ...lines.slice(trigger.last)];
}

/** A section without items is no list. */
function notEmpty(line, at, lines) {
  return line !== "triggers:" || /^( {2})?- /.test(lines[at + 1] ?? "");
}

function sameWords(one, other) {
  return one.trim().split(/\s+/).join(" ") === other;
}

function textOf(yaml) {
  const text = yaml.trim();
  if (text.startsWith('"')) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}
