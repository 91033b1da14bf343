// Mail on the wire, to a real server: encryption, names, what the message looks like to other code, and every way in which
// a server can refuse.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MailConfig } from '#config/contract.ts';
import { Secret } from '#language/secret.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { readMailFiles } from '#mail/mail-files.ts';
import { createSendMail, type SendMail } from '#mail/smtp.ts';
import { MAIL_LOGIN, startMailServer, startSilentServer, type MailServer } from '../support/mail-server.ts';
import { sampleMail } from '../support/store-samples.ts';

const signal = AbortSignal.timeout(5 * MINUTE_MS);

const CONFIG: MailConfig = {
  host: '127.0.0.1',
  port: 0,
  security: 'starttls',
  user: MAIL_LOGIN.user,
  passwordFile: '/nowhere',
  from: 'station@example.org',
  operator: 'ops@example.org',
  timeoutMs: 2 * SECOND_MS,
  firstPauseMs: SECOND_MS,
  longestPauseMs: SECOND_MS,
  giveUpMs: HOUR_MS,
};

const senderTo = (server: Pick<MailServer, 'port'> & Partial<MailServer>, change: Partial<MailConfig> = {}): SendMail =>
  createSendMail({
    config: { ...CONFIG, port: server.port, ...change },
    station: 'Halle "3"\r\nBcc: x@example.com',
    password: new Secret(MAIL_LOGIN.password),
    ...(server.certificateAuthority === undefined ? {} : { certificateAuthority: server.certificateAuthority }),
  });

for (const security of ['starttls', 'tls'] as const) {
  test(`smtp: sends under a name over an encrypted connection, with ${security}`, async () => {
    await using server = await startMailServer({ security });

    const result = await senderTo(server, { security })(sampleMail(), signal);

    assert.equal(result.kind, 'sent');
    const [taken] = server.taken;
    assert.deepEqual(
      [taken?.isEncrypted, taken?.user, taken?.from, taken?.to],
      [true, MAIL_LOGIN.user, 'station@example.org', ['ada@example.com']],
    );
  });
}

test('smtp: sends without encryption and name to a server of this host, where the configuration says so', async () => {
  await using server = await startMailServer({ security: 'none' });
  const { user: _user, ...config } = { ...CONFIG, port: server.port, security: 'none' as const };

  const result = await createSendMail({ config, station: 'Halle 3' })(sampleMail(), signal);

  assert.equal(result.kind, 'sent');
  assert.equal(server.taken[0]?.isEncrypted, false);
});

test('smtp: a message reads as it was written, by other code, in both forms and with every header', async () => {
  await using server = await startMailServer();
  const mail = sampleMail({
    subject: 'Import job 53TX4: Completed, 1 failed file in "Größe"',
    text: 'Zeile 1 – ü\n- ReadError a/<b>.txt\n.\n..\nFrom here\n',
    html: '<p>Zeile 1 – ü &lt;b&gt;</p>\n',
  });

  await senderTo(server)(mail, signal);

  const parsed = server.taken[0]?.parsed;
  assert.equal(parsed?.messageId, mail.messageId);
  assert.equal(parsed.subject, mail.subject);
  assert.equal(parsed.text, mail.text);
  assert.equal(parsed.html, mail.html);
  assert.equal(parsed.date?.getTime(), Math.floor(mail.queuedAt.getTime() / SECOND_MS) * SECOND_MS);
  assert.equal(parsed.headers.get('auto-submitted'), 'auto-generated');
  assert.equal(parsed.replyTo?.text, 'ops@example.org');
});

test('smtp: no header can be forged, by the name of a station, a subject or an address', async () => {
  await using server = await startMailServer();

  await senderTo(server)(sampleMail({ subject: 'Job\r\nBcc: y@example.com\r\n\r\nbody' }), signal);

  const [taken] = server.taken;
  assert.equal(taken?.parsed.bcc, undefined);
  assert.equal(taken?.parsed.from?.value[0]?.address, 'station@example.org');
  assert.doesNotMatch(taken?.raw ?? '', /^Bcc:/imu);
  assert.deepEqual(server.asked, ['ada@example.com']);
});

test('smtp: refuses a server that offers no encryption, and one whose certificate nobody vouches for', async () => {
  await using open = await startMailServer({ security: 'none' });
  await using unknown = await startMailServer();

  const results = [
    await senderTo(open)(sampleMail(), signal),
    await senderTo({ port: unknown.port })(sampleMail(), signal),
  ];

  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['server-trouble', 'server-trouble'],
  );
  assert.match(results[1]?.answer ?? '', /certificate/iu);
  assert.deepEqual([...open.taken, ...unknown.taken], []);
});

test('smtp: a wrong password is trouble with the server, and is in no answer', async () => {
  await using server = await startMailServer();
  const send = createSendMail({
    config: { ...CONFIG, port: server.port },
    station: 'Halle 3',
    password: new Secret('wrong horse'),
    certificateAuthority: server.certificateAuthority,
  });

  const result = await send(sampleMail(), signal);

  assert.equal(result.kind, 'server-trouble');
  assert.match(result.answer, /535/u);
  assert.doesNotMatch(result.answer, /wrong horse/u);
});

for (const [code, isForGood] of [
  [450, false],
  [550, true],
] as const) {
  test(`smtp: ${String(code)} for a recipient, and for a message, is a refusal of this message`, async () => {
    await using server = await startMailServer();
    server.refuseRecipient = () => [code, 'not\\now'];
    const ofRecipient = await senderTo(server)(sampleMail(), signal);
    server.refuseRecipient = () => undefined;
    server.refuseMessage = () => [code, 'not now'];
    const ofMessage = await senderTo(server)(sampleMail(), signal);

    assert.deepEqual(ofRecipient, { kind: 'refused', isForGood, answer: `${String(code)} not\\\\now` });
    assert.deepEqual(ofMessage, { kind: 'refused', isForGood, answer: `${String(code)} not now` });
  });
}

const SILENCES: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ['says nothing', []],
  ['greets and then says nothing', ['220 here\r\n']],
  ['refuses everybody', ['554 no service\r\n']],
  ['is about to close', ['421 come back later\r\n']],
  ['speaks no SMTP', ['HTTP/1.1 400 Bad Request\r\n\r\n']],
];

for (const [what, lines] of SILENCES) {
  test(`smtp: ends within its time limit as trouble with the server, which ${what}`, async () => {
    await using server = await startSilentServer((socket) => {
      for (const line of lines) socket.write(line);
    });
    const begunAt = performance.now();

    const result = await senderTo(server, { timeoutMs: 300 })(sampleMail(), signal);

    assert.equal(result.kind, 'server-trouble');
    assert.ok(performance.now() - begunAt < 10 * SECOND_MS);
  });
}

test('smtp: ends as a whole in time, at a server that keeps the connection alive by a byte now and then', async () => {
  await using server = await startSilentServer((socket) => {
    socket.write('220-');
    const drip = setInterval(() => socket.write('x'), 50);
    socket.on('close', () => {
      clearInterval(drip);
    });
  });

  const result = await senderTo(server, { timeoutMs: 200 })(sampleMail(), signal);

  assert.equal(result.kind, 'server-trouble');
});

test('smtp: nobody listening is trouble with the server', async () => {
  const { port } = await (async () => {
    await using gone = await startSilentServer();
    return { port: gone.port };
  })();

  const result = await senderTo({ port })(sampleMail(), signal);

  assert.equal(result.kind, 'server-trouble');
  assert.match(result.answer, /ECONNREFUSED/u);
});

test('smtp: stops promptly with the signal, in the middle of a conversation', async () => {
  await using server = await startMailServer();
  const stop = new AbortController();
  server.beforeAnswer = () => {
    stop.abort(new Error('the station stops'));
    return Promise.resolve();
  };

  await assert.rejects(senderTo(server, { timeoutMs: MINUTE_MS })(sampleMail(), stop.signal), /the station stops/u);
});

test('readMailFiles: takes a password without its line end, and refuses one that others can read, or that is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mail-files-'));
  try {
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, `${MAIL_LOGIN.password}\n`, { mode: 0o600 });
    assert.equal(readMailFiles({ ...CONFIG, passwordFile }).password?.reveal(), MAIL_LOGIN.password);

    const link = join(folder, 'link');
    symlinkSync(passwordFile, link);
    const empty = join(folder, 'empty');
    writeFileSync(empty, '\n', { mode: 0o600 });
    chmodSync(passwordFile, 0o644);
    for (const [file, state] of [
      [passwordFile, /its mode is 0644/u],
      [link, /it is a link/u],
      [empty, /it is empty/u],
      [folder, /its mode is|no plain file/u],
      [join(folder, 'missing'), /ENOENT/u],
    ] as const) {
      assert.throws(() => readMailFiles({ ...CONFIG, passwordFile: file }), state);
    }
    const { user: _user, ...nobody } = CONFIG;
    assert.throws(() => readMailFiles({ ...nobody, certificateAuthorityFile: join(folder, 'missing') }), /ENOENT/u);
    assert.deepEqual(readMailFiles(nobody), {});
  } finally {
    rmSync(folder, { recursive: true });
  }
});
