/**
 * Run after `npm install` where the registry in use lacks a package's builds for other platforms: npm then leaves them
 * out of package-lock.json, and `npm ci` refuses the file on every machine ("Missing: ... from lock file"). Adds an
 * entry for each, without a checksum because there is no package to take it from; npm passes over entries for
 * platforms other than its own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  packages: Record<string, LockEntry>;
}

/** Names of systems and processors as package names and npm's `os` and `cpu` fields have them. */
const SYSTEM = /android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|aix/;
const PROCESSOR = /arm64|armv7|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64/;

const path = join(import.meta.dirname, '..', 'package-lock.json');
const lockfile = JSON.parse(readFileSync(path, 'utf8')) as Lockfile;
const missing = Object.values(lockfile.packages).flatMap((entry) => missingBuilds(entry, lockfile));
for (const [location, entry] of missing) console.log(`added ${location} ${entry.version}`);
const all = [...Object.entries(lockfile.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(path, `${JSON.stringify({ ...lockfile, packages: Object.fromEntries(all) }, null, 2)}\n`);

/** The platform builds that the package names as optional and the lockfile does not have. */
function missingBuilds(entry: LockEntry, { packages }: Lockfile): [string, LockEntry][] {
  const builds = Object.entries(entry.optionalDependencies ?? {});
  return builds.flatMap(([name, version]): [string, LockEntry][] => {
    const location = `node_modules/${name}`;
    const platform = platformOf(name);
    return location in packages || platform === undefined ? [] : [[location, buildEntry(entry, version, platform)]];
  });
}

function buildEntry({ dev, license }: LockEntry, version: string, { os, cpu, libc }: Platform): LockEntry {
  const fields = { version, cpu: [cpu], dev, libc: libc && [libc], license, optional: true, os: [os] };
  return JSON.parse(JSON.stringify(fields)); // without the fields that are undefined
}

interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly libc: string | undefined;
}

function platformOf(name: string): Platform | undefined {
  const build = name.slice(name.lastIndexOf('/') + 1);
  const [os] = SYSTEM.exec(build) ?? [];
  const [cpu] = PROCESSOR.exec(build.replace('openharmony', '')) ?? [];
  if (os === undefined || cpu === undefined) return undefined;
  return { os, cpu: cpu === 'armv7' ? 'arm' : cpu, libc: os === 'linux' ? libcOf(build) : undefined };
}

function libcOf(build: string): string | undefined {
  if (build.includes('musl')) return 'musl';
  return build.includes('gnu') ? 'glibc' : undefined;
}
