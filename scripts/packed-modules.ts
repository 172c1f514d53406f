/**
 * Preloaded by the processes of tests and by the servers that they start: modules come from the file that
 * `pack-modules.ts` has written when the run began. To find, read and strip one by itself costs more than to compile it,
 * and a server has a thousand: half of what it costs to load it.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { type PackedPlaces, packageKey, packPath } from './pack-modules.ts';

const pack = readFileSync(packPath);
const sourcesAt = 4 + pack.readUInt32LE(0);
const { modules, packages }: PackedPlaces = JSON.parse(pack.toString('utf8', 4, sourcesAt));
const places = new Map(Object.entries(modules));
const urlsOfPackages = new Map(Object.entries(packages));

registerHooks({
  resolve(specifier, context, next) {
    const url = packedUrl(specifier, context.parentURL);
    if (url === undefined) return next(specifier, context);
    return { url, format: places.has(url) ? 'module' : 'commonjs', shortCircuit: true };
  },
  load(url, context, next) {
    const place = places.get(url);
    if (place === undefined) return next(url, context);
    const source = pack.toString('utf8', sourcesAt + place[0], sourcesAt + place[1]);
    return { format: 'module', source, shortCircuit: true };
  },
});

function packedUrl(specifier: string, parent: string | undefined): string | undefined {
  if (parent === undefined) return undefined;
  if (specifier.startsWith('.')) {
    const { href } = new URL(specifier, parent);
    if (places.has(href)) return href;
  }
  return urlsOfPackages.get(packageKey(specifier, parent));
}
