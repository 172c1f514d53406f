/** Finds what a TypeScript file imports, and whether it reads the environment. */
import { isNode, parseNodes, type SourceNode } from './parse-source.ts';

/** One import of one module. */
export interface Import {
  /** As written: `./envelope.ts`, `node:fs`; undefined for an `import()` of something computed. */
  readonly specifier: string | undefined;
  /** True when type stripping removes it, so that it is not loaded at run time. */
  readonly isTypeOnly: boolean;
  /** Counted from 1. */
  readonly line: number;
}

export interface ScannedSource {
  /** `import` and `export ... from` statements, `import()` calls and `import()` types, in order. */
  readonly imports: readonly Import[];
  /** Lines, counted from 1, on which the file gets at the environment of the process. */
  readonly environmentLines: readonly number[];
}

/** `import { type A } from` counts as a run-time import: type stripping leaves `import {} from`, which loads it. */
export function scanSource(file: string, source: string): ScannedSource {
  const nodes = parseNodes(file, source).sort((a, b) => a.start - b.start);
  const lineOf = ({ start }: SourceNode) => source.slice(0, start).split('\n').length;
  const imports = nodes.flatMap((node) => {
    const found = importOf(node);
    return found === undefined ? [] : [{ ...found, line: lineOf(node) }];
  });
  const ofProcess = nodes.filter((node) => /^(?:node:)?process$/.test(importOf(node)?.specifier ?? ''));
  return { imports, environmentLines: [...nodes.filter(readsEnvironment), ...ofProcess].map(lineOf) };
}

function importOf(node: SourceNode): Omit<Import, 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier: textOf(node.source), isTypeOnly: node.importKind === 'type' };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return node.source === null
        ? undefined
        : { specifier: textOf(node.source), isTypeOnly: node.exportKind === 'type' };
    case 'ImportExpression':
      return { specifier: textOf(node.source), isTypeOnly: false };
    case 'TSImportType':
      return { specifier: textOf(node.source), isTypeOnly: true };
    default:
      return undefined;
  }
}

/** `process.env`, `process[...]`, `const { env } = process`. */
function readsEnvironment(node: SourceNode): boolean {
  if (node.type === 'MemberExpression' && isProcess(node.object)) {
    return node.computed === true || nameOf(node.property) === 'env';
  }
  if (node.type !== 'VariableDeclarator' || !isProcess(node.init) || !isNode(node.id)) return false;
  const { properties } = node.id;
  return (
    Array.isArray(properties) && properties.some(({ key, type }) => type === 'RestElement' || nameOf(key) === 'env')
  );
}

function isProcess(value: unknown): boolean {
  if (!isNode(value)) return false;
  return nameOf(value.type === 'MemberExpression' ? value.property : value) === 'process';
}

function nameOf(value: unknown): unknown {
  return isNode(value) ? value.name : undefined;
}

function textOf(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Literal' ? String(value.value) : undefined;
}
