/** Finds what a TypeScript file imports, and whether it reads the environment, without a compiler. */
import { HIDDEN, maskLiterals } from './mask-literals.ts';

/** One import of one module. */
export interface Import {
  /** As written: `./envelope.ts`, `node:fs`; undefined for an `import()` of something computed. */
  readonly specifier: string | undefined;
  /** True when type stripping removes it, so that it is not loaded at run time. */
  readonly isTypeOnly: boolean;
  /** Counted from 1. */
  readonly line: number;
}

const LITERAL = String.raw`(?<quote>['"\u0060])(?<hidden>${HIDDEN}*)\k<quote>`;
const KEYWORD_BEFORE = String.raw`(?<![.\w$])`;
const CLAUSE = String.raw`(?<clause>(?:(?!\b(?:import|export)\b)[^;'"\u0060()=])*?)`;

const BARE = new RegExp(String.raw`${KEYWORD_BEFORE}import\s*${LITERAL}`, 'dg');
const FROM = new RegExp(String.raw`${KEYWORD_BEFORE}(?:import|export)\b${CLAUSE}\bfrom\s*${LITERAL}`, 'dg');
const CALL = new RegExp(String.raw`${KEYWORD_BEFORE}import\s*\(\s*(?:${LITERAL}\s*[,)])?`, 'dg');

const ENVIRONMENT = /\bprocess\s*\??\.\s*env\b|\bprocess\s*\[|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b(?!\s*\.)/g;
const PROCESS_MODULE = /^(?:node:)?process$/;

/**
 * The file's `import` and `export ... from` statements, its `import()` calls and its `import()` types, in order.
 * `import { type A } from` counts as a run-time import: type stripping leaves `import {} from`, which loads the module.
 */
export function findImports(source: string): Import[] {
  const code = maskLiterals(source);
  return [BARE, FROM, CALL]
    .flatMap((pattern) => [...code.matchAll(pattern)])
    .sort((a, b) => a.index - b.index)
    .map((match) => ({
      specifier: specifierOf(source, match),
      isTypeOnly: isTypeClause(match.groups?.clause) || isTypeUse(code, match),
      line: lineAt(source, match.index),
    }));
}

/** Lines, counted from 1, on which the file gets at the environment of the process. */
export function findEnvironmentUses(source: string): number[] {
  const global = [...maskLiterals(source).matchAll(ENVIRONMENT)].map((match) => lineAt(source, match.index));
  const imported = findImports(source).filter(({ specifier }) => PROCESS_MODULE.test(specifier ?? ''));
  return [...global, ...imported.map(({ line }) => line)];
}

function specifierOf(source: string, match: RegExpExecArray): string | undefined {
  const span = match.indices?.groups?.hidden;
  return span === undefined ? undefined : source.slice(...span);
}

/** `type { A }`, `type A`, `type * as a`; but `type` and `type, { a }` import a default named "type". */
function isTypeClause(clause = ''): boolean {
  return /^\s*type\b\s*[^\s,]/.test(clause);
}

/** `typeof import('./a.ts')` and `import('./a.ts').A` are types; `import('./a.ts').then(...)` is not. */
function isTypeUse(code: string, match: RegExpExecArray): boolean {
  if (!match[0].endsWith(')')) return false;
  const before = code.slice(0, match.index);
  const after = code.slice(match.index + match[0].length);
  return /\btypeof\s+$/.test(before) || /^\s*\.\s*(?!(?:then|catch|finally)\b)\w/.test(after);
}

function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}
