/** The lockfile is good for everybody: any registry, any platform, nothing that is not checked. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface LockEntry {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, LockEntry>> };
const installed = Object.entries(packages).filter(([location]) => location !== '');

test('every package in it has a checksum, and none an address', () => {
  const unchecked = installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'));
  assert.deepEqual(unchecked, []);
  assert.deepEqual(
    installed.filter(([, { resolved }]) => resolved !== undefined),
    [],
  );
});

test('the builds for platforms other than the one that wrote it are in it', () => {
  const missing = installed.flatMap(([, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !(`node_modules/${name}` in packages)),
  );
  assert.deepEqual(missing, []);
});
