// The version of the product, as package.json has it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MANIFEST = join(import.meta.dirname, '..', '..', 'package.json');

/** Reads it. */
export const productVersion = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  return String(Object.entries(Object(manifest)).find(([key]) => key === 'version')?.[1]);
};
