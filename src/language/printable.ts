// The one way of a drive's or manifest's text to a terminal, the journal, a mail or a page.

const HEX_RADIX = 16;
const REPLACEMENT_WIDTH = 2;
/** Bytes of the longest character (RFC 3629). */
const MAX_SEQUENCE = 4;

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

// As long as an object key may be. journald cuts lines of 48 KiB and takes the rest for a line of its own, with a priority that
// its first characters may name; a path of 64 KiB would be that long.
const LONGEST_PATH_BYTES = 1024;
const PATH_HEAD_BYTES = 700;
const PATH_TAIL_BYTES = 300;

/** The same for a path of a drive, whose middle is left out where it is longer than any key; the import log has it whole. */
export const printablePath = (path: string | Uint8Array): string => {
  const bytes = Buffer.from(path);
  if (bytes.length <= LONGEST_PATH_BYTES) return printable(path);
  const head = bytes.subarray(0, characterStart(bytes, PATH_HEAD_BYTES));
  return `${printable(head)}...${printable(bytes.subarray(characterStart(bytes, bytes.length - PATH_TAIL_BYTES)))}`;
};

const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;

const characterStart = (bytes: Buffer, place: number): number => {
  const isContinued = (at: number): boolean => ((bytes[at] ?? 0) & CONTINUATION_MASK) === CONTINUATION;
  for (let back = 0; back < MAX_SEQUENCE; back += 1) if (!isContinued(place - back)) return place - back;
  return place;
};

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

const sequenceLength = (buffer: Buffer, at: number): number => {
  for (let length = 1; length <= MAX_SEQUENCE && at + length <= buffer.length; length += 1) {
    const slice = buffer.subarray(at, at + length);
    if (Buffer.from(slice.toString('utf8'), 'utf8').equals(slice)) return length;
  }
  return 0;
};
