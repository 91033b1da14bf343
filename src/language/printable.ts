// The one way of a drive's or manifest's text to a terminal, the journal, a mail or a page.

const HEX_RADIX = 16;
const REPLACEMENT_WIDTH = 2;

// Controls (C0, DEL, C1: terminal escapes, forged lines), format characters (bidi marks and overrides, zero width
// joiners, BOM), line and paragraph separators, surrogates left alone, private use and unassigned code points.
// A backslash is escaped too, so that the form can be read back without doubt.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029\\]/gu;

/**
 * Makes text or raw bytes from outside printable on one line: what could steer a terminal, forge a line or reorder
 * the text becomes `\xHH` (a byte that is not UTF-8) or `\u{H}` (a code point), a backslash becomes `\\`.
 */
export const printable = (text: string | Uint8Array): string =>
  typeof text === 'string' ? escapeText(text) : escapeBytes(text);

const escapeText = (text: string): string =>
  text.replace(UNSAFE, (character) =>
    character === '\\' ? '\\\\' : `\\u{${Number(character.codePointAt(0)).toString(HEX_RADIX)}}`,
  );

const escapeBytes = (bytes: Uint8Array): string => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(buffer)) return escapeText(text);
  return splitUtf8(buffer).map(escapePiece).join('');
};

type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'byte'; readonly byte: number };

const escapePiece = (piece: Piece): string =>
  piece.kind === 'text'
    ? escapeText(piece.text)
    : `\\x${piece.byte.toString(HEX_RADIX).padStart(REPLACEMENT_WIDTH, '0')}`;

// Longest valid UTF-8 sequence at each place (RFC 3629: at most four bytes), else one bad byte.
const splitUtf8 = (buffer: Buffer): readonly Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < buffer.length) {
    const length = sequenceLength(buffer, at);
    if (length === 0) {
      pieces.push({ kind: 'byte', byte: buffer.readUInt8(at) });
      at += 1;
    } else {
      pieces.push({ kind: 'text', text: buffer.toString('utf8', at, at + length) });
      at += length;
    }
  }
  return pieces;
};

const MAX_SEQUENCE = 4;

const sequenceLength = (buffer: Buffer, at: number): number => {
  for (let length = 1; length <= MAX_SEQUENCE && at + length <= buffer.length; length += 1) {
    const slice = buffer.subarray(at, at + length);
    if (Buffer.from(slice.toString('utf8'), 'utf8').equals(slice)) return length;
  }
  return 0;
};
