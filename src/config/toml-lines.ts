// On which line of a TOML file a key stands; the parser itself tells lines only for its own errors.

// Bare keys are the only ones that our configuration has; quoted ones are found without their quotes.
const HEADER = /^\s*(\[\[?)\s*([A-Za-z0-9_."' -]+?)\s*\]\]?\s*(?:#.*)?$/u;
const KEY = /^\s*([A-Za-z0-9_."'-]+(?:\s*\.\s*[A-Za-z0-9_"'-]+)*)\s*=/u;

/** Finds the 1-based line of each key and section by its dotted path (`bay[1].port`, counted from 0). */
export const tomlLines = (source: string): ReadonlyMap<string, number> => {
  const lines = new Map<string, number>();
  const arrayLengths = new Map<string, number>();
  let section = '';
  source.split('\n').forEach((text, index) => {
    const header = HEADER.exec(text.replace(/\r$/u, ''));
    const key = header === null ? KEY.exec(text) : null;
    if (header !== null) {
      section = sectionPath(header[1] === '[[', plain(header[2] ?? ''), arrayLengths);
      note(lines, section, index + 1);
    } else if (key !== null) {
      const name = plain(key[1] ?? '');
      note(lines, section === '' ? name : `${section}.${name}`, index + 1);
    }
  });
  return lines;
};

const plain = (key: string): string => key.replace(/["'\s]/gu, '');

const sectionPath = (isArray: boolean, name: string, arrayLengths: Map<string, number>): string => {
  if (!isArray) return name;
  const length = arrayLengths.get(name) ?? 0;
  arrayLengths.set(name, length + 1);
  return `${name}[${String(length)}]`;
};

// The first one counts: a second one is the parser's error, not ours.
const note = (lines: Map<string, number>, path: string, line: number): void => {
  if (!lines.has(path)) lines.set(path, line);
};
