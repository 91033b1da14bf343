// A copy of the product whose processes see a wall clock that a test can set, the loader in its own root too.

import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PRODUCT_FOLDER } from './station.ts';

/** The copy. */
export interface ShiftedProduct extends AsyncDisposable {
  readonly folder: string;
  /** From now on the wall clock of all its processes is so far off, in milliseconds. */
  setClock(shiftMs: number): Promise<void>;
}

/** Makes it; its clock is right. */
export const copyProduct = async (): Promise<ShiftedProduct> => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'shifted-product-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // The loader's user reads it, too.
  await chmod(folder, 0o755);
  const source = join(folder, 'src');
  await cp(join(PRODUCT_FOLDER, 'src'), source, { recursive: true });
  await mkdir(join(folder, 'scripts'));
  for (const path of ['package.json', join('scripts', 'import-station')]) {
    await copyFile(join(PRODUCT_FOLDER, path), join(folder, path));
  }
  await symlink(join(PRODUCT_FOLDER, 'node_modules'), join(folder, 'node_modules'));
  await copyFile(join(PRODUCT_FOLDER, 'test', 'fixtures', 'shift-date.ts'), join(source, 'shift-date.ts'));
  const main = join(source, 'main.ts');
  await writeFile(main, `import './shift-date.ts';\n${await readFile(main, 'utf8')}`);
  const setClock = async (shiftMs: number): Promise<void> => {
    const draft = join(source, 'date-shift-ms.draft');
    await writeFile(draft, String(shiftMs), { mode: 0o644 });
    await rename(draft, join(source, 'date-shift-ms'));
  };
  await setClock(0);
  const all = stack.move();
  return { folder, setClock, [Symbol.asyncDispose]: () => all.disposeAsync() };
};
