/** Tables for terminals. */
import { publicText } from '../protocol/errors.ts';

/**
 * Cells may hold anything, such as what a stranger's token says: nothing in them reaches the terminal as a command.
 * @param rows the first is the header
 */
export function textTable(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(terminalText));
  const widths = (safe[0] ?? []).map((_, column) => Math.max(...safe.map((row) => row[column]?.length ?? 0)));
  return safe
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line of text from elsewhere, without control characters, changes of the writing direction and tokens. */
export function terminalText(text: string): string {
  return publicText(text.replace(/\p{Bidi_Control}/gu, ' '), maxTextLength);
}

/** JSON for programs, which people look at too: the control characters that JSON leaves as they are, escaped. */
export function terminalJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[\x7f-\x9f]|\p{Bidi_Control}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** UTC, to the second. @param at Unix ms; 0 is never, and so is what no calendar has */
export function formatInstant(at: number): string {
  const date = new Date(at);
  return at === 0 || Number.isNaN(date.getTime()) ? '-' : date.toISOString().replace('T', ' ').slice(0, 19);
}

/** As long as a user ID may be. */
const maxTextLength = 256;
