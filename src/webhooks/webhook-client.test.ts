import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetOf } from './webhook-client.ts';

test('F34 any URL works as it is written: the command comes behind its path, its query stays', () => {
  for (const [url, expected] of [
    ['http://host', 'http://host/command'],
    ['http://host/', 'http://host/command'],
    ['http://host/a/b', 'http://host/a/b/command'],
    ['http://host/a/b//', 'http://host/a/b/command'],
    ['https://host:8443/a?tenant=x&y=%2F', 'https://host:8443/a/command?tenant=x&y=%2F'],
  ]) {
    assert.equal(targetOf(url ?? '', 'command').href, expected);
  }
  assert.equal(targetOf('http://host', 'command', 'a+b/c==').href, 'http://host/command?key=a%2Bb%2Fc%3D%3D');
});
