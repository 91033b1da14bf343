// The return address, its country and the customs block (spec 1.4, 1.5).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isPostBox } from '#job/address.ts';
import { countryCode, isWithoutCustoms } from '#job/country.ts';

import { ADDED_LINE, briefly, manifestOf, manifestText, problemsOf } from './sample.ts';

const CUSTOMS: Readonly<Record<string, string>> = {
  dataDescription: 'Office documents',
  encryptedData: 'no',
  exportCertifierName: 'Kim Voorbeeld',
  requiresExportLicense: 'no',
  deviceValue: '120.00',
  deviceCountryOfOrigin: 'China',
  deviceType: 'externalStorageDevice',
};

const customsText = (changed: Readonly<Record<string, string>>): string =>
  manifestText(
    {},
    `customs:\n${Object.entries({ ...CUSTOMS, ...changed })
      .map(([name, value]) => `  ${name}: ${value}\n`)
      .join('')}`,
  );

for (const line of [
  'P.O. Box 12',
  'PO Box 12',
  'p o box 12',
  'POBox 12',
  'P. O.  BOX 12',
  'Post Office Box 7',
  'POB 123',
  'P.O.B. 123',
  'POB-123',
  'PO Box12',
  'P.O. BOX12',
  'PO-Box 12',
  'P-O-Box 12',
  'Post Office Box12',
  'Post-Office Box 1',
  'PostOffice Box 1',
  'Post Office-Box',
  '1 Main Street, PO Box 3',
]) {
  test(`isPostBox: is true for ${line}`, () => {
    assert.equal(isPostBox(line), true);
  });
}

for (const line of [
  '12 Sample Street',
  '5 Compo Box Road',
  'Boxwood Lane 3',
  'Pobble Street 1',
  'Post Office Lane 2',
  'Post Office Boxwood Lane 2',
  'PO Boxer Street',
]) {
  test(`isPostBox: is false for ${line}`, () => {
    assert.equal(isPostBox(line), false);
  });
}

for (const name of ['name', 'street1', 'city', 'postalCode', 'phoneNumber', 'country']) {
  for (const line of ['', `  ${name}:`]) {
    test(`returnAddress.${name}: is missing, when its line is ${JSON.stringify(line)}`, () => {
      assert.deepEqual(briefly(problemsOf(manifestText({ [name]: line }))), [`InvalidAddress returnAddress.${name} -`]);
    });
  }
}

for (const [country, needsState] of [
  ['USA', true],
  ['U.S.', true],
  ['united  states of America', true],
  ['Canada', true],
  ['Netherlands', false],
  ['Japan', false],
] as const) {
  test(`returnAddress.stateOrProvince: is ${needsState ? 'required' : 'optional'} in ${country}`, () => {
    const text = manifestText({ stateOrProvince: '  stateOrProvince:', country: `  country: ${country}` });

    if (needsState) assert.deepEqual(briefly(problemsOf(text)), ['InvalidAddress returnAddress.stateOrProvince -']);
    else assert.equal(manifestOf(text).returnAddress.country, country);
  });
}

for (const name of ['street1', 'street2', 'street3']) {
  test(`returnAddress.${name}: refuses a post box`, () => {
    const text = manifestText({ city: `  ${name}: P.O. Box 12\n  city: Portland`, [name]: '' });

    assert.deepEqual(
      problemsOf(text)[0]?.message,
      'expected a physical street address, not a post box, found "P.O. Box 12"',
    );
    assert.deepEqual(briefly(problemsOf(text)), [`InvalidAddress returnAddress.${name} 8`]);
  });
}

test('returnAddress: takes 100 characters a line, refuses more and control characters', () => {
  const text = (value: string): string => manifestText({ city: `  city: ${value}` });

  assert.equal(manifestOf(text('ü'.repeat(100))).returnAddress.city, 'ü'.repeat(100));
  assert.deepEqual(briefly(problemsOf(text('ü'.repeat(101)))), ['InvalidAddress returnAddress.city 8']);
  assert.deepEqual(briefly(problemsOf(text('"a\\nb"'))), ['InvalidAddress returnAddress.city 8']);
});

test('returnAddress: keeps company and streets, and refuses an unknown field', () => {
  const streets = '  company: Example\n  street2: Suite 4\n  street3: Rear\n  city: Portland';

  const { company, street2, street3 } = manifestOf(manifestText({ city: streets })).returnAddress;

  assert.deepEqual([company, street2, street3], ['Example', 'Suite 4', 'Rear']);
  assert.deepEqual(briefly(problemsOf(manifestText({ city: '  attn: Joe\n  city: Portland' }))), [
    'InvalidManifestField returnAddress.attn 8',
  ]);
});

test('returnAddress: refuses a text in place of a map, without calling it missing', () => {
  const text = 'manifestVersion: 2.0\nbucket: abc\ndeviceId: 1\neraseDevice: no\nreturnAddress: 1 Main Street\n';

  assert.deepEqual(problemsOf(text), [
    {
      code: 'InvalidManifestField',
      field: 'returnAddress',
      line: 5,
      message: 'expected a map of names and values, found text',
    },
  ]);
});

test('countryCode: gives one form for all spellings', () => {
  assert.deepEqual(['USA', 'u.s.a.', 'United States', 'US'].map(countryCode), ['us', 'us', 'us', 'us']);
  assert.deepEqual(['The Netherlands', 'NLD', ' Japan '].map(countryCode), ['nl', 'nl', 'japan']);
});

for (const [one, other, expected] of [
  ['USA', 'United States', true],
  ['Netherlands', 'Ireland', true],
  ['Japan', 'JAPAN', true],
  ['USA', 'Ireland', false],
  ['Ireland', 'United Kingdom', false],
  ['Japan', 'Korea', false],
] as const) {
  test(`isWithoutCustoms: is ${String(expected)} between ${one} and ${other}`, () => {
    assert.equal(isWithoutCustoms(one, other), expected);
    assert.equal(isWithoutCustoms(other, one), expected);
  });
}

test('customs: is missing, when the drive goes back across a border, and only with a known facility', () => {
  const text = manifestText({ country: '  country: Japan' });

  assert.deepEqual(briefly(problemsOf(text, { facilityCountry: 'USA' })), ['MissingCustoms customs -']);
  assert.equal(manifestOf(text).customs, undefined);
  assert.equal(manifestOf(manifestText({}), { facilityCountry: 'US' }).customs, undefined);
});

test('customs: is wanted no more, when it is given', () => {
  const text = customsText({}).replace('USA', 'Japan');

  assert.deepEqual(manifestOf(text, { facilityCountry: 'USA' }).customs, CUSTOMS);
});

for (const name of Object.keys(CUSTOMS)) {
  test(`customs.${name}: is required`, () => {
    const problems = problemsOf(customsText({ [name]: '' }));

    assert.deepEqual(briefly(problems), [`InvalidCustoms customs.${name} -`]);
  });
}

test('customs: keeps the optional fields as they were written', () => {
  const optional = { deviceHTS: '8471.70.4065', typeOfExport: 'temporary', encryptedData: 'NO' };

  assert.deepEqual(manifestOf(customsText(optional)).customs, { ...CUSTOMS, ...optional });
});

test('customs.encryptionClassification: goes with encrypted data', () => {
  const encrypted = { encryptedData: 'Yes', encryptionClassification: '5D992' };

  assert.deepEqual(manifestOf(customsText(encrypted)).customs, { ...CUSTOMS, ...encrypted });
  assert.deepEqual(briefly(problemsOf(customsText({ encryptedData: 'Yes' }))), [
    'InvalidCustoms customs.encryptionClassification -',
  ]);
});

for (const [name, value] of [
  ['encryptedData', 'maybe'],
  ['requiresExportLicense', '1'],
  ['deviceValue', '$120'],
  ['deviceValue', '1.234'],
  ['deviceType', 'tape'],
  ['typeOfExport', 'forever'],
  ['dataDescription', '"a\\nb"'],
] as const) {
  test(`customs.${name}: refuses ${value}`, () => {
    const [problem] = problemsOf(customsText({ [name]: value }));

    assert.deepEqual([problem?.code, problem?.field], ['InvalidCustoms', `customs.${name}`]);
  });
}

test('customs: refuses an unknown field', () => {
  const problems = problemsOf(customsText({ colour: 'blue' }));

  assert.deepEqual(briefly(problems), [`InvalidManifestField customs.colour ${ADDED_LINE + 8}`]);
});
