import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationPage, optionHelp } from './describe.ts';

test('the longest duration is told with the type', () => {
  for (const [key, type] of [
    ['token-ttl', 'duration up to 3650d'],
    ['max-token-ttl', 'duration up to 3650d'],
    ['shutdown-timeout', 'duration up to 24d'],
    ['store-down-grace', 'duration up to 24d'],
  ]) {
    assert.match(configurationPage(), new RegExp(`\\| \`--${key}\` \\|.*\\| ${type} \\|`));
    assert.match(optionHelp(), new RegExp(`--${key} {2}\\(${type}, default `));
  }
});

test('T6 the page tells which flags do not belong on a command line, and why', () => {
  assert.match(
    configurationPage(),
    /sees flags, in `ps`.*\n.*: --database-url, --redis-url, --secret, --signing-keys, --jpush-master-secret, --getui-app-key, --getui-master-secret, --webhooks-secret, --s3-secret-access-key, --oauth-clients, --pages-token\.\n/,
  );
});
