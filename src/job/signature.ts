// The SIGNATURE file: read leniently, written exactly, computed and checked (spec 2; decision 1).

import { createHmac, timingSafeEqual } from 'node:crypto';

import { printable } from '#language/printable.ts';
import type { Secret } from '#language/secret.ts';
import { KIB } from '#language/units.ts';

import { type JobId, parseJobId } from './job-id.ts';

// Largest SIGNATURE file that is read, in bytes (spec 2.2).
const MAX_SIGNATURE_FILE_BYTES = 4 * KIB;

/** Version of a SIGNATURE file: as written for a 1.x or a 2.0 manifest; either is accepted for both. */
export type SignatureVersion = '1.0' | '2.0';

/** What a SIGNATURE file says. */
export interface SignatureFile {
  readonly version: SignatureVersion;
  /** Upper case, whatever the file's case: job IDs have none. */
  readonly jobId: JobId;
  /** base64 of 20 bytes; whether they are the right ones is for `isSignatureValid`. */
  readonly signature: string;
}

/** What reading gives: the file's content, or the first thing that is wrong, printable. */
export type SignatureFileResult =
  { readonly kind: 'ok'; readonly file: SignatureFile } | { readonly kind: 'problem'; readonly message: string };

/** What is signed, and with what. */
export interface SigningOptions {
  readonly jobId: JobId;
  /** The manifest's exact bytes. */
  readonly manifest: Uint8Array;
  /** Secret access key that belongs to the manifest's access key ID. */
  readonly secret: Secret;
}

const FIELDS = ['version', 'signingMethod', 'jobId', 'signature'] as const;
const SIGNING_METHOD = 'HmacSHA1';
const BASE64_OF_MAC = /^[A-Za-z\d+/]{27}=$/u;
// TAB, LF, CR and the visible characters: what a SIGNATURE of any tool consists of.
const ALLOWED = /^[\t\n\r -~]*$/u;
const LINE_END = /\r?\n/u;
const LINE = /^[\t ]*(?<name>[^\t\r :]*)[\t ]*:[\t ]*(?<value>[^\t\r ]*)[\t ]*$/u;

/**
 * Reads a SIGNATURE file: any order, blanks around colon and at line ends, LF or CRLF, blank lines, with or without a
 * final line end. Unknown, missing or repeated fields, more than 4 KiB and bytes outside of ASCII are refused (spec 2.2).
 */
export const parseSignatureFile = (bytes: Uint8Array): SignatureFileResult => {
  if (bytes.length > MAX_SIGNATURE_FILE_BYTES) {
    return problem(`it has ${bytes.length} bytes, expected at most ${MAX_SIGNATURE_FILE_BYTES}`);
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (!ALLOWED.test(text))
    return problem('it holds bytes other than ASCII text, expected a plain text file without BOM');
  const fields = readFields(text);
  return fields.kind === 'problem' ? fields : readFile(fields.values);
};

/** Writes a SIGNATURE file: four lines of `name:value`, each with CRLF (decision 1): 90 bytes. */
export const formatSignatureFile = ({ version, jobId, signature }: SignatureFile): Uint8Array => {
  const values = { version, signingMethod: SIGNING_METHOD, jobId, signature };
  return Buffer.from(FIELDS.map((name) => `${name}:${values[name]}\r\n`).join(''), 'latin1');
};

/** Computes a signature: base64 of HMAC-SHA1 over job ID, LF and the manifest with each CR LF as LF (spec 2.3). */
export const computeSignature = (options: SigningOptions): string => macOf(options).toString('base64');

/** True where the signature is the right one and in its one base64 form; takes as long for a wrong one. */
export const isSignatureValid = ({
  signature,
  ...options
}: SigningOptions & { readonly signature: string }): boolean => {
  if (!isMacText(signature)) return false;
  return timingSafeEqual(Buffer.from(signature, 'base64'), macOf(options));
};

const problem = (message: string): { readonly kind: 'problem'; readonly message: string } => ({
  kind: 'problem',
  message,
});

type Fields = { readonly kind: 'ok'; readonly values: ReadonlyMap<string, string> };

const readFields = (text: string): Fields | { readonly kind: 'problem'; readonly message: string } => {
  const values = new Map<string, string>();
  for (const [index, line] of text.split(LINE_END).entries()) {
    if (line.trim() === '') continue;
    const { name, value } = LINE.exec(line)?.groups ?? {};
    if (name === undefined || value === undefined) return problem(`line ${index + 1} is not "name:value"`);
    if (!FIELDS.some((known) => known === name)) return problem(`"${printable(name)}" is no field of a SIGNATURE file`);
    if (values.has(name)) return problem(`"${name}" is given twice`);
    values.set(name, value);
  }
  return { kind: 'ok', values };
};

const readFile = (values: ReadonlyMap<string, string>): SignatureFileResult => {
  const [version, signingMethod, id, signature] = FIELDS.map((name) => values.get(name));
  if (version === undefined || signingMethod === undefined || id === undefined || signature === undefined) {
    const missing = FIELDS.filter((name) => !values.has(name)).map((name) => `"${name}"`);
    return problem(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`);
  }
  if (version !== '1.0' && version !== '2.0') return problem(`version is "${printable(version)}", expected 1.0 or 2.0`);
  if (signingMethod !== SIGNING_METHOD) {
    return problem(`signingMethod is "${printable(signingMethod)}", expected ${SIGNING_METHOD}`);
  }
  const jobId = parseJobId(id);
  if (jobId === undefined) return problem(`jobId is "${printable(id)}", expected five letters and digits`);
  if (!isMacText(signature))
    return problem('signature is not base64 of 20 bytes, expected 28 characters that end in =');
  return { kind: 'ok', file: { version, jobId, signature } };
};

// The last digit before "=" carries two bits that must be zero: else two texts would stand for one signature.
const isMacText = (text: string): boolean =>
  BASE64_OF_MAC.test(text) && Buffer.from(text, 'base64').toString('base64') === text;

const macOf = ({ jobId, manifest, secret }: SigningOptions): Buffer =>
  createHmac('sha1', secret.reveal()).update(jobId).update('\n').update(canonicalManifest(manifest)).digest();

/** The form that is signed: every CR LF becomes LF in one pass, nothing else changes (spec 2.3). */
export const canonicalManifest = (manifest: Uint8Array): Uint8Array => {
  // Latin-1 carries every byte there and back.
  const text = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength).toString('latin1');
  return Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1');
};
