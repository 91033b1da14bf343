// The SIGNATURE file and its vectors, positive and negative (spec 2.2 to 2.4).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import { JOB_ID_SYMBOLS, type JobId, parseJobId } from '#job/job-id.ts';
import {
  canonicalManifest,
  computeSignature,
  formatSignatureFile,
  isSignatureValid,
  parseSignatureFile,
} from '#job/signature.ts';
import { Secret } from '#language/secret.ts';

import { example } from './sample.ts';

const secret = new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY');
const idOf = (text: string): JobId => parseJobId(text) ?? assert.fail(`${text} is no job ID`);
const jobId = idOf('53TX4');
const V1 = example('smallest');
const V1_SIGNATURE = 'f5sY3TzWoAY7S6Ebu8DtqWEmIGU=';
const FILE = `version:1.0\nsigningMethod:HmacSHA1\njobId:53TX4\nsignature:${V1_SIGNATURE}\n`;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const changed = (change: (text: string) => string): Buffer => Buffer.from(change(V1.toString()));

const problemOf = (bytes: Uint8Array | string): string => {
  const result = parseSignatureFile(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  return result.kind === 'problem' ? result.message : assert.fail('the file was accepted');
};

test('signature vectors: start from the 290 bytes of the specification', () => {
  assert.equal(V1.length, 290);
  assert.equal(sha256(V1), '0128ddfd47fddbf0450f36af18ec958c91cd0b7839b3c9a0d962b9281e34e557');
});

for (const [name, manifest, bytes, signature] of [
  ['V1, the manifest itself', V1, 290, V1_SIGNATURE],
  ['V2, with CRLF', changed((text) => text.replaceAll('\n', '\r\n')), 303, V1_SIGNATURE],
  ['V3, without the final LF', V1.subarray(0, -1), 289, 'MZCYumz175710hgrqVYQ4vyw3ro='],
  ['V4, with lone CR', changed((text) => text.replaceAll('\n', '\r')), 290, 'QY29XXskKD/uOdOTK39BYER4yBY='],
  [
    'V5, with a name in UTF-8',
    changed((text) => text.replace('Ada Example', 'Zoë Exämple')),
    292,
    'aR8p6jtBh9jXbIFRTZxt6bTDfNk=',
  ],
  ['V7, empty', Buffer.alloc(0), 0, 'qZp5xmZSybSr9eeYkvhtlnR6wMo='],
  ['V8, with CR CR LF', Buffer.from('a: 1\r\r\nb: 2\n'), 12, 'hus3vkRhaXE1t6WOetz5cPlrWmM='],
  ['V9, with a byte order mark', changed((text) => `\uFEFF${text}`), 293, 'dgl/4Z+wroQkl9ahOBjACNR1eVU='],
] as const) {
  test(`computeSignature: gives the vector ${name}`, () => {
    assert.equal(manifest.length, bytes);
    assert.equal(computeSignature({ jobId, manifest, secret }), signature);
    assert.equal(isSignatureValid({ signature, jobId, manifest, secret }), true);
  });
}

for (const [name, manifest, signature] of [
  ['V6, made over the lower-case job ID', V1, 'JJn7Z8rmpVwLTG/FqWnsVsDXRxk='],
  ['made over CRLF as it stands', changed((text) => text.replaceAll('\n', '\r\n')), 'h02DbVQ8PJif5+f9YzD1Wz2XjU4='],
  ['made without a separator', V1, '51rcBlJz5n0VYBFU22lLL7vaUE0='],
  ['made with the manifest first', V1, 'IZmz4Cs/Ofn4JzAikVx/qGPa01c='],
  ['of another manifest', V1, 'MZCYumz175710hgrqVYQ4vyw3ro='],
  ['cut short', V1, V1_SIGNATURE.slice(0, -1)],
  ['doubled', V1, V1_SIGNATURE + V1_SIGNATURE],
  ['with a blank behind it', V1, `${V1_SIGNATURE} `],
  ['in another base64 form of the same bytes', V1, 'f5sY3TzWoAY7S6Ebu8DtqWEmIGV='],
  ['in the URL alphabet', V1, 'f5sY3TzWoAY7S6Ebu8DtqWEmI-U='],
  ['of 21 bytes', V1, Buffer.alloc(21).toString('base64')],
  ['empty', V1, ''],
] as const) {
  test(`isSignatureValid: refuses a signature ${name}`, () => {
    assert.equal(isSignatureValid({ signature, jobId, manifest, secret }), false);
  });
}

test('isSignatureValid: refuses another job ID and another secret', () => {
  const signature = V1_SIGNATURE;

  assert.equal(isSignatureValid({ signature, jobId: idOf('53TX5'), manifest: V1, secret }), false);
  assert.equal(isSignatureValid({ signature, jobId, manifest: V1, secret: new Secret('other') }), false);
});

test('canonicalManifest: keeps every byte but the CR of CR LF', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const expected = bytes.filter((byte, index) => byte !== 0x0d || bytes[index + 1] !== 0x0a);
      assert.deepEqual(Buffer.from(canonicalManifest(bytes)), Buffer.from(expected));
    }),
  );
});

test('canonicalManifest: is the same for LF and CRLF', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[^\r\n]*$/u)), (lines) => {
      const unix = Buffer.from(lines.join('\n'));
      const windows = Buffer.from(lines.join('\r\n'));
      assert.deepEqual(canonicalManifest(windows), canonicalManifest(unix));
    }),
  );
});

test('formatSignatureFile: writes the 90 bytes of the specification', () => {
  const bytes = formatSignatureFile({ version: '1.0', jobId, signature: V1_SIGNATURE });

  assert.equal(bytes.length, 90);
  assert.equal(sha256(bytes), '2d632f4007f2fc591c80ba4ca002f29f5508e8875b92b98ca2f2802382f3b8d8');
});

test('parseSignatureFile: reads the 86 bytes with LF', () => {
  const bytes = Buffer.from(FILE);

  assert.equal(sha256(bytes), 'aeccc1a0a80bcdab842d12c83b44eb9675d5a4518397429e37323bce5bcd5e22');
  assert.deepEqual(parseSignatureFile(bytes), {
    kind: 'ok',
    file: { version: '1.0', jobId: '53TX4', signature: V1_SIGNATURE },
  });
});

test('parseSignatureFile: reads what formatSignatureFile writes', () => {
  const id = fc.array(fc.constantFrom(...JOB_ID_SYMBOLS), { minLength: 5, maxLength: 5 });
  const mac = fc.uint8Array({ minLength: 20, maxLength: 20 });

  fc.assert(
    fc.property(fc.constantFrom('1.0', '2.0'), id, mac, (version, symbols, bytes) => {
      const signature = Buffer.from(bytes).toString('base64');
      const file = { version, jobId: idOf(symbols.join('')), signature } as const;

      assert.deepEqual(parseSignatureFile(formatSignatureFile(file)), { kind: 'ok', file });
    }),
  );
});

for (const [title, text] of [
  ['blanks around the colon', FILE.replaceAll(':', ' :\t ')],
  ['blanks at both ends of the lines', FILE.replaceAll(/^|$/gmu, ' \t')],
  ['CRLF', FILE.replaceAll('\n', '\r\n')],
  ['blank lines', `\n${FILE.replaceAll('\n', '\r\n \n\n')}`],
  ['no final line end', FILE.trimEnd()],
  ['the lines in another order', FILE.trimEnd().split('\n').toReversed().join('\n')],
  ['the job ID in lower case', FILE.replace('53TX4', '53tx4')],
  ['4 KiB of blanks', FILE.padEnd(4096, ' ')],
] as const) {
  test(`parseSignatureFile: reads a file with ${title}`, () => {
    const result = parseSignatureFile(Buffer.from(text));

    assert.deepEqual(result, { kind: 'ok', file: { version: '1.0', jobId: '53TX4', signature: V1_SIGNATURE } });
  });
}

test('parseSignatureFile: accepts version 2.0', () => {
  assert.equal(parseSignatureFile(Buffer.from(FILE.replace('1.0', '2.0'))).kind, 'ok');
});

const NOT_ASCII = 'it holds bytes other than ASCII text, expected a plain text file without BOM';

for (const [title, bytes, message] of [
  ['more than 4 KiB', FILE.padEnd(4097, ' '), 'it has 4097 bytes, expected at most 4096'],
  ['a byte order mark', `\uFEFF${FILE}`, NOT_ASCII],
  ['UTF-16', Buffer.from(FILE, 'utf16le'), NOT_ASCII],
  ['a byte that is not ASCII', `${FILE}\u00e9`, NOT_ASCII],
  ['a terminal escape', `${FILE}\u001b[2J`, NOT_ASCII],
  ['an unknown field', `${FILE}comment:\\x\n`, '"comment" is no field of a SIGNATURE file'],
  ['a field in another case', FILE.replace('jobId', 'jobid'), '"jobid" is no field of a SIGNATURE file'],
  ['a repeated field', `${FILE}jobId:53TX4\n`, '"jobId" is given twice'],
  ['nothing', '', '"version" and "signingMethod" and "jobId" and "signature" are missing'],
  ['a missing field', FILE.replace('version:1.0\n', ''), '"version" is missing'],
  ['a line without a colon', FILE.replace('version:1.0', 'version 1.0'), 'line 1 is not "name:value"'],
  ['a value of two words', FILE.replace('1.0', '1.0 beta'), 'line 1 is not "name:value"'],
  ['lone CR line ends', FILE.replaceAll('\n', '\r'), 'line 1 is not "name:value"'],
  ['an unknown version', FILE.replace('1.0', '3.0'), 'version is "3.0", expected 1.0 or 2.0'],
  ['another method', FILE.replace('HmacSHA1', 'HmacSHA256'), 'signingMethod is "HmacSHA256", expected HmacSHA1'],
  ['no job ID', FILE.replace('53TX4', '53TO4'), 'jobId is "53TO4", expected five letters and digits'],
  [
    'a short signature',
    FILE.replace('f5sY', ''),
    'signature is not base64 of 20 bytes, expected 28 characters that end in =',
  ],
  [
    'an empty signature',
    FILE.replace(V1_SIGNATURE, ''),
    'signature is not base64 of 20 bytes, expected 28 characters that end in =',
  ],
] as const) {
  test(`parseSignatureFile: refuses a file with ${title}`, () => {
    assert.equal(problemOf(bytes), message);
  });
}

test('parseSignatureFile: never throws, and its messages are printable, whatever the bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.nat(FILE.length), fc.uint8Array({ maxLength: 3 }))
      .map(([at, inserted]) => Buffer.concat([Buffer.from(FILE.slice(0, at)), inserted, Buffer.from(FILE.slice(at))])),
  );

  fc.assert(
    fc.property(bytes, (content) => {
      const result = parseSignatureFile(content);
      if (result.kind === 'problem') assert.match(result.message, /^[ -~]+$/u);
      else assert.equal(result.file.signature.length, V1_SIGNATURE.length);
    }),
    { numRuns: 1_000 },
  );
});
