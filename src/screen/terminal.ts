// What a terminal is sent so that a picture stays in its place: a page of its own while the picture is shown, the page
// that was there before when it ends.

const ESCAPE = '\u001b';

// xterm's private modes: 1049 is the alternate page, 25 the cursor, 7 the wrapping of long lines. With 7 off, a
// character that is wider than it was measured ends at the edge and pushes nothing down.
/** Begins a picture. */
export const ENTER_PICTURE = `${ESCAPE}[?1049h${ESCAPE}[?25l${ESCAPE}[?7l`;

/** Ends a picture: the terminal is as it was. */
export const LEAVE_PICTURE = `${ESCAPE}[?7h${ESCAPE}[?25h${ESCAPE}[?1049l`;

/**
 * Draws over what is there, line by line and without emptying the page first, which would flicker. All lines each time:
 * a key that was pressed meanwhile may have left its letter anywhere.
 */
export const paint = (lines: readonly string[], rows: number): string => {
  const drawn = lines.map((line, index) => `${placeOf(index)}${ESCAPE}[2K${line}`).join('');
  return lines.length < rows ? `${drawn}${placeOf(lines.length)}${ESCAPE}[J` : drawn;
};

// ECMA-48 counts rows from 1.
const placeOf = (index: number): string => `${ESCAPE}[${String(index + 1)};1H`;
