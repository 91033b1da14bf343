// Reads the examples out of docs/json.md: by the command in the heading, the value of the block below it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../../docs/json.md');

const SECTION = /^## `(?<command>[a-z ]+) --json`$(?<body>.*?)(?=^## |$(?![\s\S]))/gmsu;

const BLOCK = /^```json\n(?<json>.*?)^```$/msu;

/** The documented example of each command, by `account list` and so on. */
export const documentedJson = (): ReadonlyMap<string, unknown> => {
  const page = readFileSync(PAGE, 'utf8');
  return new Map(
    [...page.matchAll(SECTION)].map((section) => {
      const { command = '', body = '' } = section.groups ?? {};
      const block = BLOCK.exec(body)?.groups?.['json'];
      assert(block !== undefined, `every section of docs/json.md has an example, "${command}" has none`);
      return [command, JSON.parse(block) as unknown];
    }),
  );
};
