// The page import-station.toml(5): every section and key of the configuration's schema.

import { configSchema } from '#config/schema.ts';
import { configSections, type ConfigKey, type ConfigSection } from './config-keys.ts';
import { bold, chapter, example, literal, paragraph, prose, reference, section, term, title } from './roff.ts';

const INTRODUCTION = [
  'The configuration of an import station: a TOML file. Whoever gives a command reads it, so it holds no secret.',
  '`import-station config check` tells all that is wrong with it at once, each with its path, value and line; keys that the station does not know are refused.',
  '`systemctl reload import-station` checks a changed file first, then takes it as a whole or refuses it as a whole. The name of the station, `watch.every_ms`, bays without a drive and what is under `[load]`, `[log]`, `[journal]` and `[jobs]` can change in this way; the rest needs a restart.',
];

const SMALLEST = [
  '[station]',
  'uid = 980',
  'gid = 980',
  '',
  '[launch]',
  'loader_uid = 981',
  'loader_gid = 981',
  '',
  '[[bay]]',
  'name = "Bay 1"',
  'port = "pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0"',
];

/** The text of docs/man/import-station.toml.5. */
export const configPage = (facts: { readonly date: string; readonly source: string }): string =>
  [
    title({ ...facts, name: 'import-station.toml', chapter: 5, manual: 'File formats' }),
    chapter('NAME', `${literal('import-station.toml')} \\- ${literal('configuration of an import station')}`),
    chapter('SYNOPSIS', bold('/etc/import-station/import-station.toml')),
    chapter('DESCRIPTION', ...INTRODUCTION.map((text) => paragraph(prose(text)))),
    chapter('SECTIONS', ...configSections(configSchema).map(sectionText)),
    chapter('EXAMPLES', paragraph(prose('The smallest file, with one bay:')), example(SMALLEST)),
    chapter(
      'SEE ALSO',
      ['import-station(8)', 'groupadd(8)', 'losetup(8)', 'udev(7)', 'systemd-creds(1)'].map(reference).join(',\n'),
    ),
    '',
  ].join('\n');

const sectionText = ({ name, isRepeated, description, keys }: ConfigSection): string =>
  section(isRepeated ? `[[${name}]]` : `[${name}]`, paragraph(prose(description)), ...keys.map(keyText));

const keyText = (key: ConfigKey): string =>
  term(
    `${bold(key.name)} = ${literal(key.example)}`,
    [prose(key.description), '.br', prose(`${capitalized(key.allowed)}. ${absence(key)}`)].join('\n'),
  );

const absence = ({ isRequired, byDefault, otherwise }: ConfigKey): string => {
  if (isRequired) return 'Has to be given.';
  return byDefault === undefined ? `Where it is not given: ${otherwise ?? ''}.` : `Default: \`${byDefault}\`.`;
};

const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
