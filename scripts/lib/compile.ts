// Imports every file of the product once, so that Node keeps in NODE_COMPILE_CACHE what it made of them. For the set-up of a
// checkout and of a host.

import { globSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '..', '..', 'src');

// No file of the product does anything when it is imported, but its entry.
for (const file of globSync('*/**/*.ts', { cwd: SOURCE })) await import(join(SOURCE, file));
