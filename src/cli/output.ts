// Lines, JSON and tables on the standard streams.

import type { Writable } from 'node:stream';

const JSON_INDENT = 2;
const COLUMN_GAP = '  ';

/** Writes lines, each with its line feed. */
export const writeLines = (stream: Writable, lines: readonly string[]): void => {
  if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
};

/** Writes one value as indented JSON: the form of `--json`. */
export const writeJson = (stream: Writable, value: unknown): void => {
  stream.write(`${JSON.stringify(value, undefined, JSON_INDENT)}\n`);
};

/** A table: a header and rows of cells, columns as wide as their widest cell; no blanks at a line's end. */
export const formatTable = (header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [header, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(COLUMN_GAP)
      .trimEnd(),
  );
};

/** Lines of `name: value` with the values under each other; a value that is absent gives no line. */
export const formatFields = (fields: readonly (readonly [string, string | undefined])[]): readonly string[] => {
  const given = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...given.map(([name]) => name.length)) + 1;
  return given.map(([name, value]) => `${`${name}:`.padEnd(width)} ${value}`.trimEnd());
};
