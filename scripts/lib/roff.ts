// Manual pages in the man(7) macros, as mandoc(1) and groff read them.

// What roff would read as an order of its own, or show as another character than the one to be copied (man-pages(7)).
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['\\', '\\(rs'],
  ['-', '\\-'],
  ["'", '\\(aq'],
  ['`', '\\(ga'],
  ['^', '\\(ha'],
  ['~', '\\(ti'],
  ['"', '\\(dq'],
]);

const HEX_RADIX = 16;
const CODE_DIGITS = 4;

/** Text as it is, at any place of a line. A line feed would be a blank of roff, so the text must have none. */
export const literal = (text: string): string =>
  text
    .replace(/[\\\-'`^~"]|[^\x20-\x7e]/gu, (character) => SPECIAL.get(character) ?? unicode(character))
    // A line that begins with a dot is an order.
    .replace(/^\./u, '\\&.');

const unicode = (character: string): string =>
  `\\[u${Number(character.codePointAt(0)).toString(HEX_RADIX).toUpperCase().padStart(CODE_DIGITS, '0')}]`;

/** Bold text. */
export const bold = (text: string): string => `\\fB${literal(text)}\\fR`;

/** Text that stands for something, in italics. */
export const italic = (text: string): string => `\\fI${literal(text)}\\fR`;

/** Prose in which what stands between backquotes is bold. */
export const prose = (text: string): string =>
  text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? literal(part) : bold(part)))
    .join('');

/** The name of another page, such as `udev(7)`. */
export const reference = (page: string): string => {
  const [name = '', rest = ''] = page.split('(');
  return `${bold(name)}(${rest}`;
};

/** The page's first lines; `chapter` is its number, `date` is ISO 8601. */
export const title = (page: {
  readonly name: string;
  readonly chapter: number;
  readonly date: string;
  readonly source: string;
  readonly manual: string;
}): string =>
  [
    '.\\" Made by scripts/lib/man-pages.ts; a change here is lost.',
    `.TH ${quoted(page.name.toUpperCase())} ${String(page.chapter)} "${page.date}" ${quoted(page.source)} ${quoted(page.manual)}`,
  ].join('\n');

/** A chapter with its blocks. */
export const chapter = (name: string, ...blocks: readonly string[]): string =>
  [`.SH ${quoted(name)}`, ...withoutFirstBreak(blocks)].join('\n');

/** A section of a chapter. */
export const section = (name: string, ...blocks: readonly string[]): string =>
  [`.SS ${quoted(name)}`, ...withoutFirstBreak(blocks)].join('\n');

/** A paragraph of text that is roff already. */
export const paragraph = (text: string): string => `.PP\n${text}`;

/** A term and what is to be said of it, both roff already. */
export const term = (name: string, text: string): string => `.TP\n${name}\n${text}`;

/** Lines as they are typed. */
export const example = (lines: readonly string[]): string =>
  ['.PP', '.RS 4', '.EX', ...lines.map(literal), '.EE', '.RE'].join('\n');

const quoted = (text: string): string => `"${literal(text)}"`;

// A heading begins a paragraph by itself.
const withoutFirstBreak = (blocks: readonly string[]): readonly string[] =>
  blocks.map((block, index) => (index === 0 ? block.replace(/^\.PP\n/u, '') : block));
