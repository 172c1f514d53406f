import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOauthClients } from './oauth-clients.ts';

function parsed(...items: string[]) {
  const problems: string[] = [];
  return { clients: parseOauthClients(items, (problem) => problems.push(problem)), problems };
}

test('a client is its ID and a secret, which may have colons', () => {
  const { clients, problems } = parsed('api-gateway:a-secret', 'back.end_2:with:colons:in it');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [...clients],
    [
      ['api-gateway', 'a-secret'],
      ['back.end_2', 'with:colons:in it'],
    ],
  );
});

for (const item of [
  'no-colon-at-all',
  ':a-secret',
  'sho:rt',
  'a b:a-secret',
  `${'x'.repeat(65)}:a-secret`,
  'ä:a-secret',
]) {
  test(`T6 refuses ${item} by its number, without repeating what may be a secret`, () => {
    assert.deepEqual(
      parsed('good:a-secret', item).problems.map((problem) => problem.slice(0, 22)),
      ['item 2 must be id:secr'],
    );
    assert.ok(!parsed(item).problems.join().includes(item));
  });
}

test('refuses a client that is there twice', () => {
  assert.deepEqual(parsed('a:first-secret', 'a:other-secret').problems, ['item 2 repeats a client']);
});
