// The customs block of a drive that crosses a border (spec 1.5).

import type { Findings, MapNode } from './manifest-tree.ts';
import { type Rule, createFieldReader } from './field-reader.ts';
import { flagRule, lineRule, oneOf } from './field-rules.ts';

const AMOUNT = /^\d{1,12}(?:\.\d{1,2})?$/u;

const amountRule: Rule<string> = (text) =>
  AMOUNT.test(text) ? { value: text } : { expected: 'an amount in US dollars such as 250.00' };

// Kept as written, as every scalar is.
const flagTextRule: Rule<string> = (text) => {
  const checked = flagRule(text);
  return 'value' in checked ? { value: text } : checked;
};

interface CustomsField {
  readonly rule: Rule<string>;
  readonly isRequired: boolean;
}

// Which are required is ours (spec 1.5): what every declaration needs.
const FIELDS: Readonly<Record<string, CustomsField>> = {
  dataDescription: { rule: lineRule, isRequired: true },
  encryptedData: { rule: flagTextRule, isRequired: true },
  encryptionClassification: { rule: lineRule, isRequired: false },
  exportCertifierName: { rule: lineRule, isRequired: true },
  requiresExportLicense: { rule: flagTextRule, isRequired: true },
  deviceValue: { rule: amountRule, isRequired: true },
  deviceCountryOfOrigin: { rule: lineRule, isRequired: true },
  deviceType: { rule: oneOf<string>('externalStorageDevice', 'usbFlashDrive', 'sataDrive'), isRequired: true },
  deviceHTS: { rule: lineRule, isRequired: false },
  typeOfExport: { rule: oneOf<string>('return', 'permanent', 'temporary'), isRequired: false },
};

const NO_ENCRYPTION: readonly string[] = ['no', 'false'];

/** Reads `customs`, every value as it was written; what is missing or wrong is told as InvalidCustoms. */
export const readCustoms = (map: MapNode, findings: Findings): Readonly<Record<string, string>> => {
  const codes = { missingCode: 'InvalidCustoms', invalidCode: 'InvalidCustoms' } as const;
  const reader = createFieldReader({ map, path: 'customs.', ...codes, findings });
  const pairs = Object.entries(FIELDS).flatMap(([name, { rule, isRequired }]) => {
    const field = isRequired ? reader.required(name, rule) : reader.optional(name, rule);
    return field === undefined ? [] : [[name, field.value] as const];
  });
  const customs = Object.fromEntries(pairs);
  const isEncrypted = !NO_ENCRYPTION.includes((customs['encryptedData'] ?? 'no').toLowerCase());
  if (isEncrypted && !reader.isGiven('encryptionClassification')) reader.miss('encryptionClassification');
  reader.refuseUnknown();
  return customs;
};
