/** TypeScript sources as trees of nodes (ESTree), for checks that look at code and not at text. */
import { parseSync } from 'oxc-parser';

/** A node, of whatever kind; children are in its properties. */
export interface SourceNode {
  readonly type: string;
  /** Where it begins in the text. */
  readonly start: number;
  readonly [property: string]: unknown;
}

/** All nodes of the file, each before what is inside it. @throws if it does not parse */
export function parseNodes(file: string, source: string): SourceNode[] {
  const { program, errors } = parseSync(file, source);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const nodes: SourceNode[] = [];
  collect(program, nodes);
  return nodes;
}

export function isNode(value: unknown): value is SourceNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function collect(value: unknown, nodes: SourceNode[]): void {
  if (Array.isArray(value)) for (const element of value) collect(element, nodes);
  if (!isNode(value)) return;
  nodes.push(value);
  for (const part of Object.values(value)) if (typeof part === 'object') collect(part, nodes);
}
