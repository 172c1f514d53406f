/** Files that are sent as a form: objects-push-webhooks.md 1.15. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import completeFormData from '../../src/http/routes/object/complete_form_data.ts';
import initiateFormData from '../../src/http/routes/object/initiate_form_data.ts';
import { pathOf } from './file-uploads.ts';
import { envelopeOf } from './raw-http.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const request = { name: 'alice/form.txt', size: 11, contentType: 'text/plain', group: 'forms' };

interface FormReply {
  readonly id: string;
  readonly url: string;
  readonly file: string;
  readonly formData: Readonly<Record<string, string>>;
  readonly expires: number;
}

testEndpoint(initiateFormData, [
  { name: 'no bytes are 1001', token: 'user', body: { ...request, size: 0 }, expect: { errCode: 1001 } },
  { name: 'a name with .. is 1001', token: 'user', body: { ...request, name: 'alice/..' }, expect: { errCode: 1001 } },
  { name: 'a name of somebody else is 1002', token: 'other', body: request, expect: { errCode: 1002 } },
  ...(
    [
      ['user', 3_600_000, 600_000],
      ['admin', 3_600_000, 3_600_000],
      ['admin', 0, 600_000],
    ] as const
  ).map(([token, millisecond, lifeMs]) => ({
    name: `${token === 'admin' ? 'an admin' : 'a user'} who asks for ${millisecond} ms gets ${lifeMs}`,
    token,
    body: { ...request, millisecond, absolute: true },
    expect: {
      errCode: 0,
      data: ({ expires, formData, ...rest }: FormReply & Readonly<Record<string, unknown>>) => {
        assert.ok(Math.abs(expires - Date.now() - lifeMs) < 60_000);
        assert.match(formData.key ?? '', /^openim\/direct\/\d{8}\/[0-9a-f]{32}$/);
        assert.deepEqual([rest.file, rest.header, rest.successCodes], ['file', null, [200]]);
      },
    },
  })),
]);

testEndpoint(completeFormData, [
  {
    name: 'Known defect: an id that was never handed out is 1004',
    token: 'user',
    body: { id: Buffer.from('{"name":"alice/x","key":"openim/data/hash/y"}').toString('base64') },
    expect: { errCode: 1004, errDlt: 'no such form' },
  },
  {
    name: 'a form that nobody has sent is 500',
    token: 'user',
    body: async (world: World) => ({ id: (await begin(world)).id }),
    expect: { errCode: 500, errDlt: 'part 1 is missing or has another MD5' },
  },
  {
    name: 'a form of somebody else is 1004',
    token: 'other',
    body: async (world: World) => ({ id: (await begin(world)).id }),
    expect: { errCode: 1004, errDlt: 'no such form' },
  },
]);

async function begin(world: World): Promise<FormReply> {
  return envelopeOf(await world.post(initiateFormData.path, request, world.token('user'))).data as FormReply;
}

describe('forms', () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(() => world[Symbol.asyncDispose]());

  const complete = async (id: string) =>
    envelopeOf(await world.post(completeFormData.path, { id }, world.token('user')));

  function formOf({ formData }: FormReply, content: string): FormData {
    const form = new FormData();
    for (const [key, value] of Object.entries(formData)) form.append(key, value);
    form.append('file', new Blob([content]), 'x.txt');
    return form;
  }

  async function send(url: string, body: FormData | string): Promise<number> {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
    const init = typeof body === 'string' ? { body, headers } : { body };
    const { status } = await fetch(url, { method: 'POST', ...init });
    return status;
  }

  test('a form as a browser sends it becomes an object', async () => {
    const form = await begin(world);
    assert.equal(await send(form.url, formOf(form, 'hello there')), 200);
    const { data } = await complete(form.id);
    const { url } = data as { url: string };
    const { body, headers } = await world.send({ method: 'GET', path: pathOf(url) });
    assert.deepEqual([body.toString(), headers['content-type']], ['hello there', 'text/plain']);
    assert.deepEqual((await complete(form.id)).data, { url });
  });

  const bodies: readonly (readonly [what: string, body: (form: FormReply) => FormData | string])[] = [
    ['too few bytes', (form) => formOf(form, 'hello')],
    ['too many bytes', (form) => formOf(form, 'hello there, you')],
    ['no file', () => '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n--b--\r\n'],
    ['an end that is missing', () => '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nhello'],
    ['a body that is none', () => 'hello'],
  ];
  for (const [what, body] of bodies) {
    test(`a form with ${what} is refused with 400, and completing it is 500`, async () => {
      const form = await begin(world);
      assert.equal(await send(form.url, body(form)), 400);
      assert.equal((await complete(form.id)).errCode, 500);
      assert.deepEqual(await readdir(join(world.dataDir, 'files/temp')), []);
    });
  }

  test('a form is refused without its signature, and after its time', async () => {
    const form = await begin(world);
    const body = () => formOf(form, 'hello there');
    assert.equal(await send(`${form.url.slice(0, -1)}-`, body()), 403);
    assert.equal(await send(form.url.replace(/form\/[^?]+/, 'form/none'), body()), 404);
    world.passTime(600_000);
    assert.equal(await send(form.url, body()), 403);
  });
});
