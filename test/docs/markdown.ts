/** Reads the parts of our Markdown pages that tests hold against the code. */
import { readFileSync } from 'node:fs';

export interface CodeBlock {
  /** What follows the opening fence: `console`, `js`. */
  readonly language: string;
  /** Without its last line break. */
  readonly text: string;
}

/** @param path relative to the root of the repository */
export function readPage(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** Fenced blocks in their order. */
export function codeBlocks(page: string): CodeBlock[] {
  return [...page.matchAll(/^```(\S*)\n(.*?)\n?^```$/gms)].map(([, language = '', text = '']) => ({ language, text }));
}

/** The rows of the table under `heading`, without its head; a row is the text of its cells. */
export function tableUnder(page: string, heading: string): string[][] {
  const start = page.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`no heading ${heading}`);
  const section = page.slice(start + heading.length + 2).split(/^#+ /m)[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') || line.startsWith('|-'))
    .slice(2)
    .map(cellsOf);
}

/** `| a | b |` as its two texts; a vertical bar in a cell is written `\|`. */
export function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** Targets of links to files of this repository, without their fragments. */
export function relativeLinks(page: string): string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^(?:https?:|#)/.test(target)).map((target) => target.replace(/#.*/, ''));
}
