/**
 * Checks who imports whom in src/: the layers of the design, no import cycles, and one reader of the environment.
 * Prints one line per violation and exits with 1 when there is one. Test files may import what they like.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { findCycles } from './layers/find-cycles.ts';
import { type Import, scanSource } from './layers/scan-source.ts';

/** The layers that a layer may import, besides itself: fully, or only for types. */
interface Allowed {
  readonly any?: readonly string[];
  readonly types?: readonly string[];
}

const EVERYTHING = 'everything';
/** What the URLs of stores may look like: checked with the other settings, before anything connects. */
const REDIS_URL = 'redis/client/redis-url.ts';
const POSTGRES_URL = 'database/postgres-url.ts';
/** The operator's account: its name may not be given to another admin. */
const OPERATOR = 'tokens/operator.ts';
/** What every domain may import. */
const GROUND = ['kernel', 'protocol'];
/** In their order: each may import what stands left of it, and declares what it needs from its right as an interface. */
const DOMAINS = [
  ...[
    'deliveries',
    'tokens',
    'presence',
    'users',
    'log',
    'notices',
    'sync',
    'friends',
    'groups',
    'conversations',
    'messaging',
  ],
  ...['search', 'files', 'push', 'webhooks', 'jobs'],
];

const DOOR: Allowed = { any: [...GROUND, 'telemetry', ...DOMAINS], types: ['config'] };
const ADAPTER: Allowed = { any: [...GROUND, 'telemetry', 'database', ...DOMAINS], types: ['config'] };

/** Each layer is a file or a folder of src/; of several that hold a file, the longest name counts. */
const LAYERS: Readonly<Record<string, Allowed | typeof EVERYTHING>> = {
  'main.ts': EVERYTHING,
  app: EVERYTHING,
  cli: EVERYTHING,
  'version.ts': {},
  config: { any: [...GROUND, REDIS_URL, POSTGRES_URL, OPERATOR], types: DOMAINS },
  http: DOOR,
  gateway: DOOR,
  ...Object.fromEntries(DOMAINS.map((domain, place) => [domain, domainAfter(DOMAINS.slice(0, place))])),
  [OPERATOR]: { any: [...GROUND, 'tokens'] },
  kernel: { any: ['protocol'] },
  database: { any: GROUND },
  store: ADAPTER,
  redis: { any: [...(ADAPTER.any ?? []), REDIS_URL], types: ['bus'] },
  [REDIS_URL]: { any: ['kernel'] },
  [POSTGRES_URL]: { any: ['kernel'] },
  bus: ADAPTER,
  blobs: ADAPTER,
  'push-providers': ADAPTER,
  telemetry: { any: ['protocol'] },
  protocol: {},
};

function domainAfter(left: readonly string[]): Allowed {
  return { any: [...GROUND, OPERATOR, ...left], types: ['telemetry'] };
}

/** The one file that may read `process.env`. */
const ENVIRONMENT_READER = 'config/env.ts';

if (import.meta.main) {
  const violations = checkLayers(join(import.meta.dirname, '..', 'src'));
  for (const violation of violations) console.error(violation);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

/** Violations in the source tree at `root`, one line of text each, named by file and line; none when all is well. */
export function checkLayers(root: string): string[] {
  const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const modules = files.sort().map((file) => readModule(root, file));
  return [...modules.flatMap(checkModule), ...checkCycles(modules)];
}

interface Module {
  /** Relative to the root, with forward slashes, as all paths here. */
  readonly path: string;
  readonly imports: readonly ModuleImport[];
  readonly environmentLines: readonly number[];
}

interface ModuleImport extends Import {
  /** The imported file, relative to the root; undefined for packages and for computed names. */
  readonly target: string | undefined;
}

function readModule(root: string, file: string): Module {
  const source = readFileSync(join(root, file), 'utf8');
  const path = file.replaceAll('\\', '/');
  const { imports, environmentLines } = scanSource(path, source);
  return {
    path,
    imports: imports.map((found) => ({ ...found, target: resolve(path, found.specifier) })),
    environmentLines,
  };
}

function resolve(from: string, specifier = ''): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

function checkModule({ path, imports, environmentLines }: Module): string[] {
  const layer = layerOf(path);
  if (layer === undefined) return [`src/${path}: belongs to no layer; add its folder to scripts/check-layers.ts`];
  const complaints = imports.map((found) => ({ line: found.line, problem: problemOf(layer, found) }));
  const readings = path === ENVIRONMENT_READER ? [] : environmentLines;
  return [
    ...complaints.flatMap(({ line, problem }) => (problem === undefined ? [] : [`src/${path}:${line}: ${problem}`])),
    ...readings.map((line) => `src/${path}:${line}: only src/${ENVIRONMENT_READER} may read the environment`),
  ];
}

function problemOf(layer: string, { specifier, target, isTypeOnly }: ModuleImport): string | undefined {
  const allowed = LAYERS[layer];
  if (allowed === undefined || allowed === EVERYTHING) return undefined;
  if (specifier === undefined) return 'import() of a computed name hides what it imports';
  if (target === undefined) return undefined;
  const targetLayer = layerOf(target);
  if (target.startsWith('..') || targetLayer === undefined) return `imports ${specifier}, which is in no layer of src/`;
  if (targetLayer === layer || allowed.any?.includes(targetLayer)) return undefined;
  if (!allowed.types?.includes(targetLayer)) return `${layer} may not import ${targetLayer} (src/${target})`;
  return isTypeOnly ? undefined : `${layer} may import only types of ${targetLayer} (src/${target})`;
}

function layerOf(path: string): string | undefined {
  const holders = Object.keys(LAYERS).filter((layer) => path === layer || path.startsWith(`${layer}/`));
  return holders.sort((a, b) => b.length - a.length)[0];
}

function checkCycles(modules: readonly Module[]): string[] {
  const graph = new Map(modules.map(({ path, imports }) => [path, imports.flatMap(runtimeTarget)]));
  return findCycles(graph).map((cycle) => {
    const around = [...cycle, cycle[0]].map((path) => `src/${path}`);
    return `import cycle: ${around.join(' -> ')}`;
  });
}

function runtimeTarget({ target, isTypeOnly }: ModuleImport): string[] {
  return target === undefined || isTypeOnly ? [] : [target];
}
