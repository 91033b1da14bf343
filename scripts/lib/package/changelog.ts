// The changelog of the package, made of the section "Changes" of README.md, so that changes are told in one place.

import { mailDate } from './tools.ts';

/** The package's maintainer, as in packaging/control. */
const MAINTAINER = 'Import Station <maintainers@import-station.invalid>';

const LINE_LENGTH = 78;
const RELEASE = '### ';
const ITEM = '- ';

/** The changelog as Debian writes it: one entry of this version, with the releases of the README within it. */
export const formatChangelog = (
  readme: string,
  { version, epoch }: { readonly version: string; readonly epoch: number },
): string => {
  const changes = /^## Changes\n(?<changes>[^]*?)(?:^## |$(?![^]))/mu.exec(readme)?.groups?.['changes'];
  const lines = joinItems((changes ?? '').trim().split('\n')).flatMap(formatLine);
  if (lines.length === 0) throw new Error('README.md has no changes under "## Changes", expected at least one release');
  return [
    `import-station (${version}) unstable; urgency=medium`,
    ...lines,
    '',
    ` -- ${MAINTAINER}  ${mailDate(epoch)}`,
    '',
  ].join('\n');
};

// An item of the README goes over several lines.
const joinItems = (lines: readonly string[]): readonly string[] =>
  lines.reduce<readonly string[]>((items, line) => {
    const isContinued = line.startsWith('  ') && items.length > 0;
    return isContinued ? [...items.slice(0, -1), `${items.at(-1) ?? ''} ${line.trim()}`] : [...items, line];
  }, []);

const formatLine = (line: string): readonly string[] => {
  if (line.startsWith(RELEASE)) return ['', `  [ ${line.slice(RELEASE.length)} ]`];
  return line.startsWith(ITEM) ? wrap(line.slice(ITEM.length)) : [];
};

const wrap = (text: string): readonly string[] => {
  const lines: string[] = [];
  let line = '  *';
  for (const word of text.replaceAll('`', '').split(' ')) {
    if (line.length + word.length >= LINE_LENGTH) {
      lines.push(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
};
