import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPostgresUrl } from '../database/postgres-url.ts';
import { parseRedisUrl } from '../redis/client/redis-url.ts';
import { StoreUrlError } from './store-url.ts';

const stores = [
  { scheme: 'postgres', check: checkPostgresUrl },
  { scheme: 'redis', check: parseRedisUrl },
] as const;

for (const { scheme, check } of stores) {
  test(`a ${scheme} URL with a raw character in its password is refused, which names how to write it and nothing of it`, () => {
    for (const [password, hint] of [
      ['pass#hush', '%23'],
      ['pass/hush', '%2F'],
      ['1/hush', '%2F'],
      ['pass?hush', '%3F'],
      ['1?hush', '%3F'],
      ['pass hush', '%20'],
      ['pass%hush', '%25'],
      ['[hush', '%2F'],
    ] as const) {
      const url = `${scheme}://user:${password}${password === '[hush' ? '' : '@host:5'}`;
      assert.throws(
        () => check(url),
        (error) => error instanceof StoreUrlError && error.demand.includes(hint) && !error.message.includes('hush'),
        url,
      );
    }
  });

  test(`a ${scheme} URL with the same characters encoded is taken`, () => {
    check(`${scheme}://user:a%23b%2Fc%3Fd%40e%25f%20g@db-1.example:5432/0`);
  });
}

test('PostgreSQL URLs of every other form that the client takes', () => {
  for (const url of [
    'postgres://127.0.0.1',
    'postgresql://user@host/db',
    'postgres://[::1]:5432/db?sslmode=require&application_name=x',
    'postgres://user:p:w@host/db',
    'postgres://%2Fvar%2Frun%2Fpostgresql/db',
    'postgres:///db?host=/var/run/postgresql',
  ]) {
    checkPostgresUrl(url);
  }
  for (const url of ['mysql://x', 'postgres:/x', 'postgres://h:0/x', 'postgres://h:70000/x', 'postgres://a,b/x']) {
    assert.throws(() => checkPostgresUrl(url), StoreUrlError, url);
  }
});
