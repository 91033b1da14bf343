// The return address: what must be there, and what a carrier does not deliver to (spec 1.4).

import type { ReturnAddress } from './manifest.ts';
import type { Findings, MapNode } from './manifest-tree.ts';
import { hasStates } from './country.ts';
import { type Rule, createFieldReader } from './field-reader.ts';
import { hasControl } from './field-rules.ts';
import { given } from './given.ts';

// Longest field of an address, in characters (ours, spec 1.4).
const MAX_ADDRESS_CHARACTERS = 100;

// With or without blank, hyphen and number: `PO Box12`, `Post-Office Box`; but no `Post Office Boxwood Lane`.
const POST_BOX = /\bp[ -]?o[ -]?box(?![a-z])|\bpost[ -]?office[ -]?box(?![a-z])|\bpob[ -]?\d/u;

/** True for a line that names a post box, whatever its case, dots and blanks (spec 1.4). */
export const isPostBox = (line: string): boolean =>
  POST_BOX.test(line.toLowerCase().replaceAll('.', '').split(/\s+/u).join(' '));

const lineRule: Rule<string> = (text) => {
  if (hasControl(text)) return { expected: 'text without control characters or line breaks' };
  const isShort = Array.from(text).length <= MAX_ADDRESS_CHARACTERS;
  return isShort ? { value: text } : { expected: `at most ${MAX_ADDRESS_CHARACTERS} characters` };
};

const streetRule: Rule<string> = (text) =>
  isPostBox(text) ? { expected: 'a physical street address, not a post box' } : lineRule(text);

/** Reads `returnAddress`; undefined where anything is wrong, told as InvalidAddress findings. */
export const readReturnAddress = (map: MapNode, findings: Findings): ReturnAddress | undefined => {
  const path = 'returnAddress.';
  const codes = { missingCode: 'InvalidAddress', invalidCode: 'InvalidAddress' } as const;
  const reader = createFieldReader({ map, path, ...codes, findings });
  const name = reader.required('name', lineRule)?.value;
  const company = reader.optional('company', lineRule)?.value;
  const street1 = reader.required('street1', streetRule)?.value;
  const street2 = reader.optional('street2', streetRule)?.value;
  const street3 = reader.optional('street3', streetRule)?.value;
  const city = reader.required('city', lineRule)?.value;
  const stateOrProvince = reader.optional('stateOrProvince', lineRule)?.value;
  const postalCode = reader.required('postalCode', lineRule)?.value;
  const phoneNumber = reader.required('phoneNumber', lineRule)?.value;
  const country = reader.required('country', lineRule)?.value;
  if (country !== undefined && hasStates(country) && !reader.isGiven('stateOrProvince')) reader.miss('stateOrProvince');
  reader.refuseUnknown();
  if (name === undefined || street1 === undefined || city === undefined) return undefined;
  if (postalCode === undefined || phoneNumber === undefined || country === undefined) return undefined;
  return {
    ...{ name, street1, city, postalCode, phoneNumber, country },
    ...given({ company, street2, street3, stateOrProvince }),
  };
};
