// The keys of the configuration as the schema describes them, for the manual and for the test of the example.

import { z } from 'zod';

/** A key of a section. */
export interface ConfigKey {
  readonly name: string;
  readonly description: string;
  /** What may stand there: `a whole number of milliseconds from 100 to 3600000`. */
  readonly allowed: string;
  readonly isRequired: boolean;
  /** The value that holds where the key is left out, as TOML. */
  readonly byDefault?: string;
  /** The same in words, where it is no fixed value. */
  readonly otherwise?: string;
  /** A value as TOML: the default where there is one. */
  readonly example: string;
}

/** A section. */
export interface ConfigSection {
  readonly name: string;
  /** `[[name]]`, which may stand several times. */
  readonly isRepeated: boolean;
  readonly description: string;
  readonly keys: readonly ConfigKey[];
}

// By the end of a key's name.
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ['_ms', 'milliseconds'],
  ['_seconds', 'seconds'],
  ['_minutes', 'minutes'],
  ['_hours', 'hours'],
  ['_days', 'days'],
  ['_mib', 'MiB'],
  ['_bytes', 'bytes'],
];

const META = z.object({
  description: z.string().optional(),
  title: z.string().optional(),
  otherwise: z.string().optional(),
  examples: z.array(z.unknown()).optional(),
});

/** What the schema around a value says, and the value's own kind. */
interface Peeled extends z.infer<typeof META> {
  readonly kind: z.core.$ZodType;
  readonly isRequired: boolean;
  readonly byDefault?: unknown;
}

/** The sections of the schema in its order. Errors: one that names each section, key or part of it that is not described. */
export const configSections = (schema: z.ZodObject): readonly ConfigSection[] => {
  const missing: string[] = [];
  const sections = Object.entries(schema.shape).map(([name, value]) => sectionOf(name, value, missing));
  if (missing.length > 0) {
    throw new Error(
      `The configuration's schema (src/config/schema.ts) lacks what the manual says:\n${missing.join('\n')}`,
    );
  }
  return sections;
};

const sectionOf = (name: string, schema: z.core.$ZodType, missing: string[]): ConfigSection => {
  const { kind, description = '' } = peel(schema);
  if (description === '') missing.push(`[${name}] has no description, expected .describe('...') on the section`);
  const isRepeated = kind instanceof z.ZodArray;
  const table = isRepeated ? kind.element : kind;
  if (!(table instanceof z.ZodObject)) throw new Error(`${name} is no section, expected one around every key`);
  const keys = Object.entries<z.core.$ZodType>(table.shape).map(([key, value]) =>
    keyOf(`${name}.${key}`, value, missing),
  );
  return { name, isRepeated, description, keys };
};

const keyOf = (path: string, schema: z.core.$ZodType, missing: string[]): ConfigKey => {
  const name = path.slice(path.lastIndexOf('.') + 1);
  const { kind, description = '', title, isRequired, byDefault, otherwise, examples = [] } = peel(schema);
  if (description === '') missing.push(`${path} has no description, expected .describe('...') on the key`);
  if (!isRequired && byDefault === undefined && otherwise === undefined) {
    missing.push(`${path} may be left out and has no default, expected .meta({ otherwise: '...' }) on the key`);
  }
  const example = byDefault ?? examples[0];
  if (example === undefined) missing.push(`${path} has no example, expected .meta({ examples: [...] }) on the key`);
  return {
    name,
    description,
    allowed: allowedBy(name, kind, title),
    isRequired,
    ...(byDefault === undefined ? {} : { byDefault: asToml(byDefault) }),
    ...(otherwise === undefined ? {} : { otherwise }),
    example: asToml(example),
  };
};

// From the outside in: what stands further out counts.
const peel = (schema: z.core.$ZodType): Peeled => {
  const own = META.parse(z.globalRegistry.get(schema) ?? {});
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return { ...peel(schema.def.innerType), ...own, isRequired: false, byDefault: schema.def.defaultValue };
  }
  if (schema instanceof z.ZodOptional) return { ...peel(schema.def.innerType), ...own, isRequired: false };
  return { ...own, kind: schema, isRequired: true };
};

const allowedBy = (name: string, kind: z.core.$ZodType, title: string | undefined): string => {
  if (kind instanceof z.ZodNumber) {
    const unit = UNITS.find(([ending]) => name.endsWith(ending))?.[1];
    return `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${String(kind.minValue)} to ${String(kind.maxValue)}`;
  }
  if (title !== undefined) return title;
  if (kind instanceof z.ZodBoolean) return '`true` or `false`';
  if (kind instanceof z.ZodEnum) return `one of ${kind.options.map((word) => `\`"${String(word)}"\``).join(', ')}`;
  if (kind instanceof z.ZodArray) return 'a list';
  return 'text';
};

const asToml = (value: unknown): string => JSON.stringify(value ?? '');
