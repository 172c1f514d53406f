import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './config.ts';
import { connectionsOf, hasRole, workersOf } from './node-settings.ts';

const stores = { TESSERA_DATABASE_URL: 'postgres://db/tessera', TESSERA_REDIS_URL: 'redis://redis' };
const load = (environment: Record<string, string>) => loadConfig({ environment });

test('a process has all roles, and is one, unless something else is asked for', () => {
  const config = load({});
  assert.deepEqual(
    (['api', 'gateway', 'jobs'] as const).map((role) => hasRole(config, role)),
    [true, true, true],
  );
  assert.equal(workersOf(config), 1);
});

test('a part of the roles, and workers, are for processes that share both stores', () => {
  for (const [name, value] of [
    ['TESSERA_ROLES', 'api'],
    ['TESSERA_WORKERS', '2'],
    ['TESSERA_WORKERS', 'auto'],
  ] as const) {
    const { TESSERA_REDIS_URL: _, ...postgres } = stores;
    for (const given of [{}, postgres]) {
      assert.throws(() => load({ ...given, [name]: value }), new RegExp(`${name}: .*needs TESSERA_DATABASE_URL`));
    }
    load({ ...stores, [name]: value });
  }
});

test('what is no role, and no number of workers, is refused', () => {
  for (const roles of ['', 'api,web']) {
    assert.throws(() => load({ ...stores, TESSERA_ROLES: roles }), /TESSERA_ROLES: must be some of api, gateway, jobs/);
  }
  for (const workers of ['0', '1.5', 'many', '257']) {
    assert.throws(
      () => load({ ...stores, TESSERA_WORKERS: workers }),
      /TESSERA_WORKERS: must be a number from 1 to 256/,
    );
  }
});

test('workers divide the connections to the database, and each has two at least', () => {
  assert.equal(connectionsOf(load({})), 16);
  assert.equal(connectionsOf(load({ ...stores, TESSERA_WORKERS: '3' })), 5);
  assert.equal(connectionsOf(load({ ...stores, TESSERA_WORKERS: '100' })), 2);
  assert.equal(workersOf({ workers: 'auto' }, 6), 6);
});
