import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicUrlProblems } from './public-url.ts';

const refused: readonly (readonly [string, RegExp])[] = [
  ['im.chat.dev', /must be an http or https URL/],
  ['ftp://im.chat.dev', /must be an http or https URL/],
  ['https://im.chat.dev/?a=b', /nothing but a host, a port and a path/],
  ['https://user@im.chat.dev/', /nothing but a host, a port and a path/],
  ['http://external_ip:10005', /external_ip is a placeholder/],
  ['https://your-domain.com/api', /your-domain.com is a placeholder/],
  ['https://im.example.com', /im.example.com is a placeholder/],
  ['http://0.0.0.0:10002', /0.0.0.0 is a placeholder/],
];

for (const [url, problem] of refused) {
  test(`F30: the public URL ${url} is refused by name`, () => {
    assert.match(publicUrlProblems('TESSERA_PUBLIC_URL', url).join(), problem);
    assert.match(publicUrlProblems('TESSERA_PUBLIC_URL', url).join(), /^TESSERA_PUBLIC_URL: /);
  });
}

for (const url of ['', 'https://im.chat.dev', 'http://192.168.1.7:10002/api/', 'http://localhost:10002']) {
  test(`the public URL "${url}" is taken`, () => assert.deepEqual(publicUrlProblems('X', url), []));
}
