// What mail says: the facts that each occasion has to name, and that nothing from outside can be more than text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noticeOf, REASONS } from '#notice/catalogue.ts';
import { CUSTOMER_WORDS, isForCustomer } from '#notice/customer-words.ts';
import { facts, formatHtml, formatSubject, formatText, list, sentence, type Letter } from '#notice/letter.ts';
import {
  canceledLetter,
  completedLetter,
  createdLetter,
  customerHoldLetter,
  expiredLetter,
  operatorHoldLetter,
  receivedLetter,
  rejectedLetter,
  startedLetter,
  undeliveredLetter,
  type JobFacts,
  type LoadFacts,
} from '#notice/letters.ts';

const JOB: JobFacts = {
  jobId: '53TX4',
  bucket: 'vector-bucket',
  logAddress: 's3://vector-bucket/import-log-53TX4',
  logUrl: 'https://vector-bucket.s3.us-east-1.amazonaws.com/import-log-53TX4',
  expiresAt: new Date('2026-02-01T03:04:05.678Z'),
  warnings: [],
  isErasureWanted: false,
};

const LOAD: LoadFacts = {
  status: 'SuccessWithErrors',
  loaded: { files: 1_234_567, bytes: 9_876_543_210 },
  ignored: { files: 1, bytes: 1 },
  failed: { files: 2, bytes: 30 },
  firstFailed: [
    { path: Buffer.from('a/<b>&"c".txt'), code: 'ReadError' },
    { path: Buffer.from([0x64, 0xff, 0x0a, 0x65]), code: 'AccessDenied' },
  ],
  walkIsComplete: true,
  vouched: [],
};

const NOTICE = noticeOf('NoSuchBucket', { bucket: 'vector-bucket' });

const LETTERS: Readonly<Record<string, Letter>> = {
  creation: createdLetter(JOB),
  receipt: receivedLetter(JOB),
  start: startedLetter(JOB),
  completion: completedLetter(JOB, LOAD),
  'a hold': customerHoldLetter(JOB, { notice: NOTICE, station: 'Halle 3' }),
  'cancellation of a load': canceledLetter(JOB, LOAD),
  expiry: expiredLetter(JOB),
  'rejection of a load': rejectedLetter(JOB, noticeOf('DeviceError'), LOAD),
};

for (const [occasion, letter] of Object.entries(LETTERS)) {
  test(`letters: name job, bucket and log, on ${occasion}`, () => {
    const text = formatText(letter);
    const html = formatHtml(letter);

    assert.match(formatSubject(letter), /53TX4/u);
    for (const name of ['53TX4', 'vector-bucket', JOB.logAddress]) {
      assert.ok(text.includes(name), name);
      assert.ok(html.includes(name), name);
    }
  });
}

test('createdLetter: says until when the station waits', () => {
  assert.match(formatText(createdLetter(JOB)), /until 2026-02-01\./u);
});

test('createdLetter: tells what the manifest is warned of', () => {
  const text = formatText(createdLetter({ ...JOB, warnings: ['Objects that exist are replaced.', 'One more.'] }));

  assert.match(text, /Please note:\n+- Objects that exist are replaced\.\n- One more\.\n/u);
  assert.doesNotMatch(formatText(createdLetter(JOB)), /Please note/u);
});

test('letters: say at the end of a job that the drive was not erased, where its manifest asks for it', () => {
  const job = { ...JOB, isErasureWanted: true };

  for (const letter of [completedLetter(job, LOAD), canceledLetter(job), rejectedLetter(job, NOTICE, LOAD)]) {
    assert.match(formatText(letter), /was not erased by this station/u);
  }
  assert.doesNotMatch(formatText(completedLetter(JOB, LOAD)), /erased/u);
});

test('completedLetter: says status, counts, where the log is, and which files failed, printable', () => {
  const text = formatText(completedLetter(JOB, LOAD));

  for (const wanted of [
    'SuccessWithErrors',
    '1,234,567 files, 9,876,543,210 bytes',
    '1 file, 1 byte',
    '2 files, 30 bytes',
    JOB.logUrl,
    '- ReadError a/<b>&"c".txt\n',
    '- AccessDenied d\\xff\\u{a}e\n',
  ]) {
    assert.ok(text.includes(wanted), `${wanted} in\n${text}`);
  }
});

test('completedLetter: says what a person at the station vouched for, printable', () => {
  const vouched = [{ code: 'OtherVolumeWithData', why: 'photos\nonly' }];

  const text = formatText(completedLetter(JOB, { ...LOAD, vouched }));

  assert.match(text, /another volume with data, which was not loaded\. Reason given: photos\\u\{a\}only/u);
});

test('completedLetter: names no file, when none failed', () => {
  const load: LoadFacts = { ...LOAD, status: 'Completed', failed: { files: 0, bytes: 0 }, firstFailed: [] };

  const letter = completedLetter(JOB, load);

  assert.equal(letter.subject, 'Import job 53TX4: Completed');
  assert.deepEqual(
    letter.blocks.filter(({ kind }) => kind === 'list'),
    [],
  );
});

test('completedLetter: names the first twenty of many failed files', () => {
  const firstFailed = Array.from({ length: 25 }, (_, at) => ({
    path: Buffer.from(`f${String(at)}`),
    code: 'ReadError',
  }));

  const text = formatText(completedLetter(JOB, { ...LOAD, failed: { files: 1000, bytes: 1 }, firstFailed }));

  assert.match(text, /The first 20 failed files; the log names all:/u);
  assert.ok(text.includes('- ReadError f19\n'));
  assert.ok(!text.includes('f20'));
});

for (const [what, write] of [
  ['canceledLetter', (load?: LoadFacts): Letter => canceledLetter(JOB, load)],
  ['rejectedLetter', (load?: LoadFacts): Letter => rejectedLetter(JOB, noticeOf('DeviceError'), load)],
] as const) {
  test(`${what}: names no log, when nothing was loaded`, () => {
    const text = formatText(write());

    assert.match(text, /53TX4/u);
    assert.match(text, /there is no import log\./u);
    assert.ok(!text.includes(JOB.logAddress));
  });

  test(`${what}: says counts, failed files, and whether the walk was complete`, () => {
    const text = formatText(write(LOAD));

    assert.ok(text.includes('1,234,567 files, 9,876,543,210 bytes'));
    assert.ok(text.includes('- ReadError a/<b>'));
    assert.match(text, /one row for every file on the drive\./u);
    assert.match(formatText(write({ ...LOAD, walkIsComplete: false })), /walk over the drive was not complete/u);
  });
}

test('customerHoldLetter: tells the customer what to do, in words for a customer', () => {
  const text = formatText(customerHoldLetter(JOB, { notice: NOTICE, station: 'Halle 3' }));

  assert.match(text, /Create the bucket, then answer this mail/u);
  assert.match(text, /NoSuchBucket/u);
  assert.doesNotMatch(text, /import-station retry/u);
});

test('CUSTOMER_WORDS: has words for every hold that the customer must act on, and for no other code', () => {
  const codes = REASONS.filter(({ kind, actor }) => kind === 'hold' && actor === 'customer').map(({ code }) => code);

  assert.deepEqual(Object.keys(CUSTOMER_WORDS).toSorted(), codes.toSorted());
  assert.ok(Object.values(CUSTOMER_WORDS).every((words) => /^[A-Z].*\.$/u.test(words)));
  assert.ok(codes.every(isForCustomer));
});

test('operatorHoldLetter: says station, bay, drive, job, code, who acts and what to do', () => {
  const notice = noticeOf('LoaderFailed', { bay: 'Bay 1', message: 'gone' });
  const letter = operatorHoldLetter({ notice, station: 'Halle 3', bay: 'Bay 1', drive: 'WD 1 TB', jobId: '53TX4' });

  assert.equal(letter.subject, 'Halle 3: Bay 1 is held: LoaderFailed');
  const text = formatText(letter);
  for (const wanted of [
    'Halle 3',
    'Bay 1',
    'WD 1 TB',
    '53TX4',
    'LoaderFailed',
    'technician',
    notice.happened,
    notice.todo,
  ]) {
    assert.ok(text.includes(wanted), wanted);
  }
});

test('undeliveredLetter: says to whom, about what, and what the server answered', () => {
  const mail = { station: 'Halle 3', recipient: 'ada@example.com', subject: 'Import job 53TX4', answer: '550 unknown' };

  const text = formatText(undeliveredLetter(mail));

  for (const wanted of ['ada@example.com', 'Import job 53TX4', '550 unknown']) assert.ok(text.includes(wanted), wanted);
});

const anyText = fc.string({ unit: 'binary', maxLength: 300 });

test('formatSubject: is one line without controls, whatever it is made of', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      assert.doesNotMatch(
        formatSubject({ subject: `Job\r\nBcc: x@example.com ${text}`, blocks: [] }),
        /[\p{Cc}\p{Cf}]/u,
      );
    }),
  );
});

test('formatHtml: holds no tag, attribute or entity of a text, whatever the text is', () => {
  const tagsOf = (text: string): readonly string[] => {
    const blocks = [sentence(text), facts([text, text]), list([text])];
    return [...formatHtml({ subject: text, blocks }).matchAll(/<[^>]*>?/gu)].map(([tag]) => tag);
  };
  const plain = tagsOf('plain');

  fc.assert(
    fc.property(anyText, (text) => {
      assert.deepEqual(tagsOf(`${text}<script>"'&lt;</td>`), plain);
    }),
  );
});

test('formatText: gives each block its lines, whatever line ends a text has', () => {
  const blocks = [sentence('a\nb'), facts(['Job', '1\r\n2'], ['Longer', 'x']), list(['c\u2028d', 'e'])];

  assert.equal(formatText({ subject: '', blocks }), 'a b\n\nJob:    1  2\nLonger: x\n\n- c d\n- e\n');
});
