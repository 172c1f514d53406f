import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/config.ts';
import { startReport } from './start-report.ts';

const ports = { apiPort: 10_002, wsPort: 10_001 };

test('the line `listening` says where everything is', () => {
  assert.partialDeepStrictEqual(startReport(loadConfig({}), ports), {
    api: 'http://127.0.0.1:10002',
    docs: 'http://127.0.0.1:10002/docs',
    gateway: 'ws://127.0.0.1:10001',
    database: 'SQLite, data/tessera.db',
    tokens: 'in the database',
    secret: 'in data/secret',
  });
});

test('T6 and nothing of a secret or a URL with a password', () => {
  const environment = {
    TESSERA_HOST: '::',
    TESSERA_SECRET: 'hidden-secret-of-more-than-32-bytes',
    TESSERA_DATABASE_URL: 'postgres://user:hidden@host/db',
    TESSERA_REDIS_URL: 'redis://:hidden@host',
  };
  const report = startReport(loadConfig({ environment }), ports);
  assert.partialDeepStrictEqual(report, { api: 'http://[::1]:10002', database: 'PostgreSQL', tokens: 'Redis' });
  assert.ok(!JSON.stringify(report).includes('hidden'));
});
