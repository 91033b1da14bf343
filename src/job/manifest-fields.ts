// The fields of an S3 import manifest that are maps and lists, and the names that are refused (spec 1.3, 1.6, 1.7).

import { printable } from '#language/printable.ts';

import type { Located, Substitution } from './manifest.ts';
import type { Findings, ManifestEntry, MapNode, ScalarNode } from './manifest-tree.ts';
import type { SyntaxRules } from './manifest-syntax.ts';
import { type FieldReader, type Rule, createFieldReader } from './field-reader.ts';
import { headerRule, mediaTypeRule, metadataNameRule } from './field-rules.ts';

const OF_EXPORTS = 'belongs to an export manifest, expected an S3 import manifest';
const OF_VOLUMES = 'belongs to an EBS or Glacier manifest, expected an S3 import manifest';

// Fields that are known and refused by name, with the reason (spec 1.6; decision 25).
const REFUSED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['exportBucket', OF_EXPORTS],
  ['fileSystem', OF_EXPORTS],
  ['recoveryDirectory', OF_EXPORTS],
  ['targetDirectory', OF_EXPORTS],
  ['operations', 'belongs to an export, EBS or Glacier manifest, expected an S3 import manifest'],
  ['archiveComment', OF_VOLUMES],
  ['destination', OF_VOLUMES],
  ['deviceCapacityGreaterThan1TB', OF_VOLUMES],
  ['region', OF_VOLUMES],
  ['source', OF_VOLUMES],
  ['vaultName', OF_VOLUMES],
  ['trueCryptPassword', 'is refused: encrypted volumes cannot be loaded yet'],
]);

/** How the fields with a syntax of their own are read. */
export const SYNTAX_RULES: SyntaxRules = {
  literalLists: new Set(['ignore']),
  opaque: new Set(REFUSED_FIELDS.keys()),
};

// S3's limit of an object's user metadata: names and values together, in bytes.
const MAX_METADATA_BYTES = 2048;
// `2009-02-03T21:57:43Z`
const TIMESTAMP_BYTES = 20;

/** Reports the refused fields that are given. */
export const refuseForeignFields = (reader: FieldReader): void => {
  for (const [name, reason] of REFUSED_FIELDS) {
    if (reader.isGiven(name)) reader.refuse(name, `"${name}" ${reason}`);
  }
};

/** Reads `ignore`; an empty pattern would match every file and is refused. */
export const readIgnore = (reader: FieldReader, findings: Findings): readonly Located<string>[] => {
  const items = reader.list('ignore');
  for (const [index, item] of items.entries()) {
    if (item.text !== '') continue;
    const message = 'the pattern is empty and would match every file';
    findings.add({ code: 'InvalidManifestField', field: `ignore[${index + 1}]`, line: item.line, message });
  }
  return items.map(({ text, line }) => ({ value: text, line }));
};

/** Reads `contentTypes`: extension, case-sensitive and without its dot, to type (spec 1.6). */
export const readContentTypes = (reader: FieldReader, findings: Findings): ReadonlyMap<string, string> =>
  readTextMap({ reader, name: 'contentTypes', nameRule: extensionRule, valueRule: mediaTypeRule, findings });

/** Reads `staticMetadata`; names are told apart without case, as HTTP headers are. */
export const readStaticMetadata = (reader: FieldReader, findings: Findings): ReadonlyMap<string, string> => {
  const name = 'staticMetadata';
  const metadata = readTextMap({ reader, name, nameRule: metadataNameRule, valueRule: headerRule, findings });
  const names = new Set(Array.from(metadata.keys(), (key) => key.toLowerCase()));
  if (names.size < metadata.size) reader.refuse(name, 'two names differ in case only, which headers do not tell apart');
  return metadata;
};

/** Checks the timestamp's key against the other metadata, and all of it against S3's limit of 2 KiB. */
export const checkMetadata = (
  reader: FieldReader,
  metadata: ReadonlyMap<string, string>,
  timestampKey: string | undefined,
): void => {
  const isTaken = [...metadata.keys()].some((key) => key.toLowerCase() === timestampKey?.toLowerCase());
  if (isTaken) reader.refuse('diskTimestampMetadataKey', 'the name stands in "staticMetadata", too');
  const timestampBytes = timestampKey === undefined ? 0 : timestampKey.length + TIMESTAMP_BYTES;
  const bytes = [...metadata].reduce((sum, [key, value]) => sum + key.length + value.length, timestampBytes);
  if (bytes > MAX_METADATA_BYTES) {
    const field = metadata.size > 0 ? 'staticMetadata' : 'diskTimestampMetadataKey';
    reader.refuse(field, `the metadata has ${bytes} bytes, expected at most ${MAX_METADATA_BYTES}`);
  }
};

/** Reads `substitutions` in manifest order; what a reader of YAML could take otherwise must be quoted. */
export const readSubstitutions = (reader: FieldReader, findings: Findings): readonly Substitution[] => {
  const map = reader.map('substitutions');
  const child = childReader(map, 'substitutions', findings);
  return (map?.entries ?? []).flatMap((entry) => {
    const { value } = entry;
    if (value.kind !== 'scalar') {
      // Reports the shape; no rule is reached.
      child.optional(entry.name, headerRule);
      return [];
    }
    const complaint = substitutionProblem(entry, value);
    if (complaint !== undefined) child.refuse(entry.name, complaint);
    return [{ from: entry.name, to: value.text, line: entry.line }];
  });
};

const substitutionProblem = (entry: ManifestEntry, value: ScalarNode): string | undefined => {
  if (entry.name === '') return 'an empty text cannot be replaced';
  if (value.text === '' && !value.isQuoted) return 'nothing is given to replace it by, expected "" to delete it';
  const isAmbiguous = !entry.isNameQuoted && !value.isQuoted && value.text.includes(':');
  return isAmbiguous ? 'the line has several colons, expected quotes around both texts' : undefined;
};

// Only what follows the last dot of a name is looked up (decision 22), so another dot could never match.
const extensionRule: Rule<string> = (text) =>
  text === '' || text.includes('.') ? { expected: 'an extension without a dot' } : { value: text };

interface TextMapOptions {
  readonly reader: FieldReader;
  readonly name: string;
  readonly nameRule: Rule<string>;
  readonly valueRule: Rule<string>;
  readonly findings: Findings;
}

const readTextMap = ({ reader, name, nameRule, valueRule, findings }: TextMapOptions): ReadonlyMap<string, string> => {
  const map = reader.map(name);
  const child = childReader(map, name, findings);
  const texts = new Map<string, string>();
  for (const entry of map?.entries ?? []) {
    const checked = nameRule(entry.name);
    if ('expected' in checked)
      child.refuse(entry.name, `expected ${checked.expected}, found "${printable(entry.name)}"`);
    const text = child.optional(entry.name, valueRule);
    if (text !== undefined) texts.set(entry.name, text.value);
  }
  return texts;
};

const childReader = (map: MapNode | undefined, name: string, findings: Findings): FieldReader =>
  createFieldReader({
    map: map ?? { kind: 'map', entries: [] },
    path: `${name}.`,
    missingCode: 'MissingManifestField',
    invalidCode: 'InvalidManifestField',
    findings,
  });
