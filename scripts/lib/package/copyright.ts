// The file that says whose work is in the package and under which licence, in Debian's machine-readable form
// (copyright-format 1.0), made from what the npm packages themselves say.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installedPackages } from './modules.ts';
import { valueOf } from './tools.ts';

const APACHE = 'Apache-2.0';

/** Debian has the text of this licence once, and wants it named instead of repeated. */
const APACHE_TEXT = 'On Debian systems the text of this licence is in /usr/share/common-licenses/Apache-2.0.';

const HEAD = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: import-station
Comment: The product, and below it the npm packages that it brings. Each has its own licence beside it as well.

Files: *
Copyright: the makers of Import Station
License: proprietary
 All rights reserved: use it by agreement with its makers.
`;

interface Work {
  readonly files: string;
  readonly copyright: readonly string[];
  readonly licence: string;
  readonly text: string;
}

/** The text of the file; `folder` has the packages below node_modules and is `installedAs` on a host. */
export const formatCopyright = (folder: string, installedAs: string): string => {
  const works = installedPackages(folder).map((path) => workOf(join(folder, path), `${installedAs}/${path}/*`));
  const groups = Map.groupBy(works, ({ licence, text, copyright }) => JSON.stringify([licence, text, copyright]));
  return [HEAD, ...[...groups.values()].map(formatGroup)].join('\n');
};

const workOf = (folder: string, files: string): Work => {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const licence = String(valueOf(manifest, 'license') ?? 'unknown');
  const names = readdirSync(folder).filter((name) => /^(?:licen[cs]e|copying)/iu.test(name));
  const texts = names.toSorted().map((name) => readFileSync(join(folder, name), 'utf8').trim());
  if (texts.length === 0 && licence !== APACHE)
    throw new Error(`${folder} has no licence, expected a file with its text`);
  const text = texts.join('\n\n').replaceAll(/\r/gu, '');
  const named = text
    .split('\n')
    .filter((line) => /^\W*copyright (?!notice|holder|owner|licen|statement|and |law|or )/iu.test(line));
  // Some name nobody in the licence.
  const copyright = named.length > 0 ? named.map((line) => line.trim()) : [authorOf(manifest)];
  return {
    files: files.slice(1),
    copyright: [...new Set(copyright.filter((line) => !/\[yyyy\]/u.test(line)))],
    licence: licence.replaceAll(/[()]/gu, '').replaceAll(/ (?:OR|AND) /gu, (word) => word.toLowerCase()),
    text: licence === APACHE ? APACHE_TEXT : text,
  };
};

const authorOf = (manifest: unknown): string => {
  const author = valueOf(manifest, 'author');
  const name = typeof author === 'string' ? author : valueOf(author, 'name');
  return typeof name === 'string' ? name : `the authors of ${String(valueOf(manifest, 'name'))}`;
};

const formatGroup = (works: readonly Work[]): string => {
  const [first] = works;
  if (first === undefined) return '';
  const copyright = first.copyright.length > 0 ? first.copyright : ['see the licence'];
  return [
    `Files: ${works.map(({ files }) => files).join('\n ')}`,
    `Copyright: ${copyright.join('\n ')}`,
    `License: ${first.licence}`,
    ...first.text.split('\n').map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`)),
    '',
  ].join('\n');
};
