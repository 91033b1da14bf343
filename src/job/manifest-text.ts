// From a manifest's bytes to its lines: size, encoding, control characters (spec 1.1).

import { isUtf8 } from 'node:buffer';

import { KIB } from '#language/units.ts';

import type { Findings } from './manifest-tree.ts';

// Largest manifest in bytes. Ours: far above any real one, far below what a stranger's file could cost.
const MAX_MANIFEST_BYTES = 64 * KIB;

const HEX_RADIX = 16;
const CODE_POINT_WIDTH = 4;

// A lone CR ends a line too, as in YAML; none of these bytes occurs inside of a UTF-8 sequence.
const LINE_END = /\r\n|\n|\r/u;
const BYTE_ORDER_MARK = /^\uFEFF/u;
// What YAML calls not printable and a text editor does not write: C0 without TAB, DEL, C1.
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/gu;

/**
 * Decodes a manifest; a byte order mark in front is dropped. Every defect is a MalformedManifest finding.
 * @returns the lines, without the control characters that were found; undefined where there is no text to go on with.
 */
export const readManifestLines = (bytes: Uint8Array, findings: Findings): readonly string[] | undefined => {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    const message = `the manifest has ${bytes.length} bytes, expected at most ${MAX_MANIFEST_BYTES}`;
    findings.add({ code: 'MalformedManifest', message });
    return undefined;
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer)) {
    findings.add({ code: 'MalformedManifest', line: lineOfBadUtf8(buffer), message: encodingMessage(buffer) });
    return undefined;
  }
  const lines = buffer.toString('utf8').replace(BYTE_ORDER_MARK, '').split(LINE_END);
  return lines.map((text, index) => withoutControls(text, index + 1, findings));
};

const encodingMessage = (buffer: Buffer): string => {
  const start = buffer.toString('latin1', 0, 2);
  const isUtf16 = start === '\xFF\xFE' || start === '\xFE\xFF';
  return isUtf16 ? 'the manifest is UTF-16, expected UTF-8' : 'the line is not valid UTF-8';
};

// Latin-1 keeps every byte as it is, so the lines are those of the text.
const lineOfBadUtf8 = (buffer: Buffer): number =>
  buffer
    .toString('latin1')
    .split(LINE_END)
    .findIndex((line) => !isUtf8(Buffer.from(line, 'latin1'))) + 1;

const withoutControls = (text: string, line: number, findings: Findings): string => {
  const found = new Set(Array.from(text.matchAll(CONTROL), ([character]) => codePointName(character)));
  if (found.size === 0) return text;
  const message = `the line holds control characters (${[...found].join(', ')}), expected plain text`;
  findings.add({ code: 'MalformedManifest', line, message });
  return text.replace(CONTROL, '');
};

const codePointName = (character: string): string =>
  `U+${character.charCodeAt(0).toString(HEX_RADIX).toUpperCase().padStart(CODE_POINT_WIDTH, '0')}`;
