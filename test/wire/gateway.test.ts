/** The gateway in the whole server, with real tokens, policy and messages. Details: the other gateway-*.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { MsgData, PushMessages, SendMsgResp } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { connect, dialRefused, type SocketClient } from '../support/socket-client.ts';
import { envelopeOf } from './raw-http.ts';
import { signingKey, type TokenKind, World } from './world.ts';

let world: World;
before(async () => {
  world = await World.open();
});
after(() => world[Symbol.asyncDispose]());

function optionsFor(token: string, sendID = 'alice', platformID = 1) {
  return { port: world.apiPort, path: '/msg_gateway', query: { sendID, token, platformID: String(platformID) } };
}

async function device(userID: string, platformID: number): Promise<SocketClient & { token: string }> {
  const token = await world.issue(userID, platformID);
  return Object.assign(await connect(optionsFor(token, userID, platformID)), { token });
}

describe('tokens at the handshake', () => {
  const verdicts: readonly [TokenKind, number][] = [
    ['none', 1602],
    ['broken', 1503],
    ['forged', 1505],
    ['expired', 1501],
    ['unknown', 1507],
    ['other', 1502],
  ];
  for (const [kind, errCode] of verdicts) {
    test(`${kind} is answered with ${errCode}`, async () => {
      const { body } = await dialRefused(optionsFor(world.token(kind)));
      assert.equal(JSON.parse(body).errCode, errCode);
    });
  }

  test('T4: a kicked token is answered with 1506', async () => {
    const { body } = await dialRefused(optionsFor(world.token('kicked'), 'carol'));
    assert.equal(JSON.parse(body).errCode, 1506);
  });

  test('one that is well signed but says too little is 1503, here and over REST', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const whose = { UserID: 'alice', PlatformID: 1, jti: 'AAAAAAAAAAAAAA' };
    for (const said of [{}, whose, { exp }, { PlatformID: 1, exp }, { UserID: 'alice', exp }]) {
      const token = await new SignJWT(said).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(signingKey));
      const { body } = await dialRefused(optionsFor(token));
      const parsed = envelopeOf(await world.post('/auth/parse_token', { token }, ''));
      assert.deepEqual([JSON.parse(body).errCode, parsed.errCode, await world.verdict(token)], [1503, 1503, 1503]);
    }
  });

  test('a live one connects', async () => {
    const client = await connect(optionsFor(world.token('user')));
    await client.roundTrip();
    await client.close();
  });
});

describe('the end of a token', () => {
  test('T4: a second login on the platform kicks the socket of the first at once', async () => {
    const first = await device('alice', 3);
    await world.issue('alice', 3);
    assert.equal((await first.nextReply()).reqIdentifier, 2002);
    await first.closed;
    const { body } = await dialRefused(optionsFor(first.token, 'alice', 3));
    assert.equal(JSON.parse(body).errCode, 1506);
  });

  test('T4: a forced logout kicks the sockets of its platform only', async () => {
    const [windows, tablet] = [await device('alice', 3), await device('alice', 9)];
    await world.call('/auth/force_logout', { userID: 'alice', platformID: 3 });
    assert.equal((await windows.nextReply()).reqIdentifier, 2002);
    await tablet.roundTrip();
    assert.equal(tablet.pending.length, 0);
    await tablet.close();
  });

  test('defect of OpenIM: HarmonyOS is displaced and logged out by force like any platform', async () => {
    const first = await device('alice', 11);
    const second = await device('alice', 11);
    assert.equal((await first.nextReply()).reqIdentifier, 2002);
    await world.call('/auth/force_logout', { userID: 'alice', platformID: 11 });
    assert.equal((await second.nextReply()).reqIdentifier, 2002);
    await second.closed;
    assert.equal(await world.verdict(second.token), 1506);
  });

  test('defect of OpenIM: a forced logout of platform 10 closes its sockets as well', async () => {
    await using own = await World.open();
    const admin = await connect({ ...optionsFor(own.token('admin'), 'imAdmin', 10), port: own.apiPort });
    await own.call('/auth/force_logout', { userID: 'imAdmin', platformID: 10 });
    assert.equal((await admin.nextReply()).reqIdentifier, 2002);
    await admin.closed;
    assert.equal(await own.verdict(own.token('admin')), 1506);
  });

  test('a second socket with the same token is a reconnect, and both stay', async () => {
    const first = await device('alice', 4);
    const second = await connect(optionsFor(first.token, 'alice', 4));
    await Promise.all([first.roundTrip(), second.roundTrip()]);
    assert.equal(await world.verdict(first.token), 0);
    await Promise.all([first.close(), second.close()]);
  });

  test('T7: a socket does not outlive its token', async () => {
    await using own = await World.open();
    const token = await own.issue('alice', 3);
    const client = await connect({ ...optionsFor(token, 'alice', 3), port: own.apiPort });
    own.passTime(3_601_000);
    await client.closed;
    assert.equal(client.pending.length, 0);
    const { body } = await dialRefused({ ...optionsFor(token, 'alice', 3), port: own.apiPort });
    assert.equal(JSON.parse(body).errCode, 1501);
  });
});

describe('messages', () => {
  test('M4: a message is acknowledged, and reaches every connection of both', async () => {
    const sender = await device('alice', 5);
    const other = await device('alice', 9);
    const receiver = await device('bob', 5);
    const message = newMsgData({
      sendID: 'alice',
      recvID: 'bob',
      clientMsgID: 'c1',
      senderPlatformID: 5,
      sessionType: 1,
      msgFrom: 100,
      contentType: 101,
      content: Buffer.from('{"content":"hi"}'),
      createTime: Date.now(),
    });
    sender.send(1003, MsgData.encode(message).finish(), { msgIncr: 'mine', operationID: 'op-mine' });

    const frames = [await sender.nextReply(), await sender.nextReply()];
    const ack = frames.find(({ reqIdentifier }) => reqIdentifier === 1003);
    assert.deepEqual([ack?.errCode, ack?.msgIncr], [0, 'mine']);
    const { serverMsgID } = SendMsgResp.decode(Buffer.from(ack?.data ?? '', 'base64'));
    const pushes = [
      frames.find(({ reqIdentifier }) => reqIdentifier === 2001),
      await other.nextReply(),
      await receiver.nextReply(),
    ];
    for (const push of pushes) {
      assert.equal(push?.operationID, 'op-mine');
      const { msgs } = PushMessages.decode(Buffer.from(push?.data ?? '', 'base64'));
      assert.equal(msgs.get('si_alice_bob')?.Msgs[0]?.serverMsgID, serverMsgID);
    }
    await Promise.all([sender.close(), other.close(), receiver.close()]);
  });

  test('M5: a request for another user is refused, and the connection stays', async () => {
    const client = await device('alice', 5);
    const forged = MsgData.encode(newMsgData({ sendID: 'bob', recvID: 'carol', content: Buffer.from('x') })).finish();
    assert.equal((await client.request(1003, forged)).errCode, 1002);
    await client.roundTrip();
    await client.close();
  });
});

test('O3: stopping the server closes its sockets with 1001', async () => {
  const own = await World.open();
  const client = await connect({ ...optionsFor(own.token('user')), port: own.apiPort });
  await own[Symbol.asyncDispose]();
  assert.equal((await client.closed).code, 1001);
});

test('an ordinary request with an offer of HTTP/2 is answered as one', async () => {
  const reply = await world.send({
    path: '/auth/parse_token',
    headers: {
      operationID: 'op',
      token: world.token('admin'),
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
    },
    body: JSON.stringify({ token: world.token('user') }),
  });
  assert.equal(envelopeOf(reply).errCode, 0);
});
