import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HookReceiver } from '../../../test/support/hook-receiver.ts';
import { checkWebhooks } from './check-webhooks.ts';

test('F34 the receiver is tried, and whatever it answers is enough', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-doctor-'));
  t.after(() => rm(directory, { recursive: true }));
  await using receiver = await HookReceiver.open();
  const look = async (text: string) => {
    const webhooksFile = join(directory, 'webhooks.yml');
    await writeFile(webhooksFile, text);
    const findings = await checkWebhooks({ webhooksFile, webhooksSecret: '' });
    return findings.map((finding) => `${finding.severity}: ${finding.text}`);
  };
  const on = 'afterAddFriend: { enable: true }';
  const well = 'ok: the receiver answers, and 1 hooks are on';
  assert.deepEqual(await checkWebhooks({ webhooksFile: '', webhooksSecret: '' }), []);
  assert.deepEqual(await look(`url: ${receiver.url}/a\n${on}`), [well]);
  assert.equal(receiver.heard[0]?.url.pathname, '/a/callbackTesseraProbeCommand');
  receiver.answers.set('callbackTesseraProbeCommand', (response: ServerResponse) => {
    response.writeHead(404).end('<html></html>');
  });
  assert.deepEqual(await look(`url: ${receiver.url}\n${on}\nafterNothing: { enable: true }`), [
    well,
    'advice: some hooks of the file do not exist here',
  ]);
  receiver.answers.set('callbackTesseraProbeCommand', (response: ServerResponse) => {
    response.writeHead(302, { location: '/' }).end();
  });
  assert.deepEqual(await look(`url: ${receiver.url}\n${on}`), [
    'problem: the receiver cannot be reached: redirected with status 302',
  ]);
  assert.deepEqual(await look('url: http://127.0.0.1:1'), ['advice: no hook of the file is on']);
  assert.deepEqual(await look(`url: http://127.0.0.1:1\n${on}`), [
    'problem: the receiver cannot be reached: not reached (ECONNREFUSED)',
  ]);
  assert.match((await look(`url: none\n${on}`))[0] ?? '', /^problem: TESSERA_WEBHOOKS_FILE: .* must begin with http/);
});
