/**
 * Puts what the processes of tests load into one file, for `packed-modules.ts`: all modules of ours, without their types,
 * and those ECMAScript modules of packages that the program loads.
 */
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
export const packPath = join(root, 'node_modules/.cache/packed-modules');

/** At the beginning of the pack, behind its length in four bytes. */
export interface PackedPlaces {
  /** Where the source of each URL begins and ends, in bytes behind this. */
  readonly modules: Readonly<Record<string, readonly [start: number, end: number]>>;
  /** URLs of packages' modules, of both kinds, by {@link packageKey}. */
  readonly packages: Readonly<Record<string, string>>;
}

if (import.meta.main) {
  const { urls, packages } = await packagesOf('../src/cli/program.ts');
  const ours = globSync('{src,test,bench}/**/*.ts', { cwd: root }).map((file) => pathToFileURL(join(root, file)).href);
  write([...ours, ...urls], packages);
}

async function packagesOf(program: string): Promise<{ urls: Set<string>; packages: Record<string, string> }> {
  const urls = new Set<string>();
  const packages: Record<string, string> = {};
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (context.parentURL === undefined || !isOfPackage(found.url)) return found;
      if (found.format === 'module') urls.add(found.url);
      if (found.format === 'module' || found.format === 'commonjs') {
        packages[packageKey(specifier, context.parentURL)] = found.url;
      }
      return found;
    },
  });
  await import(program);
  hooks.deregister();
  return { urls, packages };
}

/** To us a package's name means the same everywhere. */
export function packageKey(specifier: string, parentUrl: string): string {
  return isOfPackage(parentUrl) ? `${specifier} ${parentUrl}` : specifier;
}

function isOfPackage(url: string): boolean {
  return url.includes('/node_modules/');
}

function write(urls: readonly string[], packages: PackedPlaces['packages']): void {
  const modules: Record<string, [start: number, end: number]> = {};
  const sources: Buffer[] = [];
  let end = 0;
  for (const url of urls) {
    const text = readFileSync(fileURLToPath(url), 'utf8');
    const source = Buffer.from(url.endsWith('.ts') ? stripTypeScriptTypes(text) : text);
    sources.push(source);
    modules[url] = [end, end + source.length];
    end += source.length;
  }
  const places = Buffer.from(JSON.stringify({ modules, packages } satisfies PackedPlaces));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(places.length);
  mkdirSync(dirname(packPath), { recursive: true });
  // Another run in the same checkout may be reading the one before.
  writeFileSync(`${packPath}.${process.pid}`, Buffer.concat([length, places, ...sources]));
  renameSync(`${packPath}.${process.pid}`, packPath);
}
