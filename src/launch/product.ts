// Where the product and its Node are: on the host, and inside the loader's root.

import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Folder of the product on the host: the one that holds `src/`, `node_modules/` and `package.json`. */
export const PRODUCT_FOLDER: string = join(import.meta.dirname, '..', '..');

/** Folder of the product inside the loader's root: says nothing of the host. */
export const INNER_PRODUCT_FOLDER = '/product';

/**
 * Path of this Node inside the loader's root; undefined where it is neither the product's own nor below /usr, the only
 * programs that a loader is given.
 */
export const innerNodePath = (productFolder: string): string | undefined => {
  const node = realpathSync(process.execPath);
  const within = relative(realpathSync(join(productFolder, 'node_modules')), node);
  if (!within.startsWith('..')) return join(INNER_PRODUCT_FOLDER, 'node_modules', within);
  return node.startsWith('/usr/') ? node : undefined;
};
