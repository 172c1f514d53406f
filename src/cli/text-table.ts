/** Tables for terminals. */

/** @param rows the first is the header */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** UTC, to the second. @param at Unix ms; 0 is never */
export function formatInstant(at: number): string {
  return at === 0 ? '-' : new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}
