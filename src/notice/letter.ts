// A message before it is mail: what it says, once; plain text and HTML are made of it here, and only here is anything
// escaped. What comes in is printable already, but for nothing that this file relies on.

/** A part of a message. */
export type Block =
  | { readonly kind: 'sentence'; readonly text: string }
  /** Names and values, one a line. */
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'list'; readonly items: readonly string[] };

/** A message. */
export interface Letter {
  readonly subject: string;
  readonly blocks: readonly Block[];
}

/** A sentence of a message. */
export const sentence = (text: string): Block => ({ kind: 'sentence', text });

/** Facts of a message. */
export const facts = (...rows: readonly (readonly [name: string, value: string])[]): Block => ({ kind: 'facts', rows });

/** A list in a message. */
export const list = (items: readonly string[]): Block => ({ kind: 'list', items });

// Ours: mail programs show less.
const LONGEST_SUBJECT = 200;

/** The subject on one line: whatever stands in it can neither end the header nor begin another one. */
export const formatSubject = ({ subject }: Letter): string =>
  Array.from(oneLine(subject)).slice(0, LONGEST_SUBJECT).join('');

/** The message as plain text. */
export const formatText = ({ blocks }: Letter): string => `${blocks.map(textOf).join('\n\n')}\n`;

/** The message as HTML without anything from elsewhere: no script, no picture, no link. */
export const formatHtml = (letter: Letter): string =>
  [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${escapeHtml(formatSubject(letter))}</title></head>`,
    '<body style="font-family: sans-serif">',
    ...letter.blocks.map(htmlOf),
    '</body>',
    '</html>',
    '',
  ].join('\n');

const textOf = (block: Block): string => {
  switch (block.kind) {
    case 'sentence':
      return oneLine(block.text);
    case 'facts': {
      const width = Math.max(...block.rows.map(([name]) => name.length)) + 2;
      return block.rows.map(([name, value]) => `${`${oneLine(name)}:`.padEnd(width)}${oneLine(value)}`).join('\n');
    }
    case 'list':
      return block.items.map((item) => `- ${oneLine(item)}`).join('\n');
  }
};

const htmlOf = (block: Block): string => {
  switch (block.kind) {
    case 'sentence':
      return `<p>${escapeHtml(oneLine(block.text))}</p>`;
    case 'facts': {
      const rows = block.rows.map(
        ([name, value]) =>
          `<tr><th align="left">${escapeHtml(oneLine(name))}</th><td>${escapeHtml(oneLine(value))}</td></tr>`,
      );
      return `<table>\n${rows.join('\n')}\n</table>`;
    }
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li><code>${escapeHtml(oneLine(item))}</code></li>`).join('\n')}\n</ul>`;
  }
};

// Controls, and what reorders or hides text, even where a room forgot to make a name printable.
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, ' ');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/gu, (character) => ENTITIES[character] ?? '');
