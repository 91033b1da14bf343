// What Node compiled of the product before: a checkout has it from its set-up, and each of the processes that a drive needs
// starts in half the time. Without it they start all the same.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join('node_modules', '.compile-cache');

/** Environment of a Node of the product that lies in `productFolder`. */
export const compileCacheOf = (productFolder: string): Readonly<Record<string, string>> => {
  const path = join(productFolder, FOLDER);
  // Portable: inside the loader's root the product lies elsewhere.
  return existsSync(path) ? { NODE_COMPILE_CACHE: path, NODE_COMPILE_CACHE_PORTABLE: '1' } : {};
};
