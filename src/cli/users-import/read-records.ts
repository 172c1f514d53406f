/** Reads a file of users record by record, whatever its size: JSON lines, or CSV with a line of names. */
import type { Readable } from 'node:stream';
import { StartError } from '../../kernel/start-error.ts';

export interface FileRecord {
  /** Counted from 1; a CSV's line of names does not count. */
  readonly number: number;
  /** Undefined if it cannot be read. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** Of the file, up to and with this record. */
  readonly bytesRead: number;
}

/**
 * The kind is told from the first character: `{` begins a JSON object, anything else a line of names.
 * @throws StartError if it is neither
 */
export async function* readRecords(file: Readable): AsyncGenerator<FileRecord> {
  const lines = readLines(file);
  let first = await lines.next();
  while (first.done !== true && isBlank(first.value)) first = await lines.next();
  if (first.done === true) return;
  if (first.value.text.startsWith('[')) {
    throw new StartError('the file holds one JSON array: export it without --jsonArray, so that each user has a line');
  }
  if (first.value.text.startsWith('{')) yield* parseJsonLines(first.value, lines);
  else yield* parseCsv(first.value, lines);
}

interface Line {
  readonly text: string;
  readonly bytesRead: number;
}

function isBlank({ text }: Line): boolean {
  return text.trim() === '';
}

async function* readLines(file: Readable): AsyncGenerator<Line, undefined> {
  // A byte order mark at the start is left out by the decoder.
  const decoder = new TextDecoder();
  let bytesRead = 0;
  let rest = '';
  for await (const chunk of file) {
    bytesRead += (chunk as Buffer).length;
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw new StartError('the file has a line of over 16 MB: that is no list of users');
    for (const text of lines) yield { text: withoutReturn(text), bytesRead };
  }
  rest += decoder.decode();
  yield { text: withoutReturn(rest), bytesRead };
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

const longestLine = 16 * 1024 * 1024;

async function* parseJsonLines(first: Line, others: AsyncIterable<Line>): AsyncGenerator<FileRecord> {
  let number = 0;
  for await (const line of withFirst(first, others)) {
    if (isBlank(line)) continue;
    number += 1;
    yield { number, fields: parseObject(line.text), bytesRead: line.bytesRead };
  }
}

function parseObject(text: string): FileRecord['fields'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 4180: a text in quotes may hold commas, doubled quotes and lines. */
async function* parseCsv(head: Line, lines: AsyncIterable<Line>): AsyncGenerator<FileRecord> {
  const names = splitRow(head.text).map((name) => name.trim());
  let number = 0;
  let row: string[] = [];
  let isInQuotes = false;
  for await (const line of lines) {
    if (row.length === 0 && isBlank(line)) continue;
    row.push(line.text);
    if (line.text.split('"').length % 2 === 0) isInQuotes = !isInQuotes;
    if (isInQuotes) continue;
    number += 1;
    yield { number, fields: rowFields(names, splitRow(row.join('\n'))), bytesRead: line.bytesRead };
    row = [];
  }
  if (row.length > 0) throw new StartError(`the quotes of record ${number + 1} do not end`);
}

function rowFields(names: readonly string[], cells: readonly string[]): FileRecord['fields'] {
  if (cells.length !== names.length) return undefined;
  return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
}

function splitRow(text: string): readonly string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted && character === '"' && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (character === '"') {
      isQuoted = !isQuoted;
    } else if (character === ',' && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else {
      cell += character;
    }
  }
  return [...cells, cell];
}

async function* withFirst<T>(first: T, others: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* others;
}
