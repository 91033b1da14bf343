// docs/json.md against the schemas: every documented example has the shape, and every command that prints JSON is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import {
  accountListSchema,
  configCheckSchema,
  doctorSchema,
  jobListSchema,
  manifestCheckSchema,
  reasonsSchema,
} from '#cli/json-shapes.ts';
import {
  accountSchema,
  drivesSchema,
  handledJobSchema,
  jobCreatedSchema,
  jobSchema,
  statusSchema,
} from '#protocol/control.ts';
import { jobReportSchema } from '#protocol/reports.ts';
import { documentedJson } from './documented-json.ts';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  'manifest check': manifestCheckSchema,
  'config check': configCheckSchema,
  'account list': accountListSchema,
  'account show': accountSchema,
  'job create': jobCreatedSchema,
  'job list': jobListSchema,
  'job show': jobSchema,
  'job report': jobReportSchema,
  doctor: doctorSchema,
  reasons: reasonsSchema,
  receive: handledJobSchema,
  return: handledJobSchema,
  drives: drivesSchema,
  status: statusSchema,
};

test('docs/json.md: tells every command that prints JSON, and no other', () => {
  assert.deepEqual([...documentedJson().keys()].toSorted(), Object.keys(SCHEMAS).toSorted());
});

for (const [command, schema] of Object.entries(SCHEMAS)) {
  test(`docs/json.md: shows an example that the schema takes without dropping a field, for ${command}`, () => {
    const example = documentedJson().get(command);

    assert.deepEqual(schema.parse(example), example);
  });
}
