import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, ConnectionLife } from './connection.ts';
import { Link, type LinkOptions } from './link.ts';

/** A server that accepts each connection, or does what `next` says. */
class FakeServer {
  readonly lives: ConnectionLife[] = [];
  next: (life: ConnectionLife) => Promise<void> = async () => {};
  isDestroyed = false;

  readonly open = async (life: ConnectionLife): Promise<Connection> => {
    this.lives.push(life);
    await this.next(life);
    let isOpen = true;
    const end = () => {
      this.isDestroyed = true;
      isOpen = false;
    };
    return {
      address: `server:${this.lives.length}`,
      get isOpen() {
        return isOpen;
      },
      send: async () => 'OK',
      sendAsking: async () => 'OK',
      subscribe: async () => {},
      close: async () => end(),
      destroy: end,
    };
  };

  lose(): void {
    this.lives.at(-1)?.onLost(new Error('cable cut'));
  }
}

function newLink(server: FakeServer, options: Partial<LinkOptions> = {}): Link {
  return new Link({ name: 'a server', open: server.open, ...options });
}

test('connect rejects when its one attempt fails, and goes no further', async () => {
  const server = new FakeServer();
  server.next = async () => Promise.reject(new Error('refused'));
  const link = newLink(server);
  await assert.rejects(link.connect(), /refused/);
  assert.deepEqual([link.isUp, server.lives.length], [false, 1]);
});

test('T5: a loss is told at once, commands fail at once with its reason, and another connection follows', async () => {
  const server = new FakeServer();
  const up = Promise.withResolvers<Connection>();
  const events: string[] = [];
  await using link = newLink(server, {
    onUp: (connection) => {
      events.push(`up ${connection.address}`);
      if (events.length > 1) up.resolve(connection);
    },
    onDown: (error) => events.push(`down ${error}`),
  });
  await link.connect();

  server.lose();

  assert.throws(
    () => link.connection,
    (error) =>
      error instanceof Error && /no connection to a server/.test(error.message) && /cut/.test(`${error.cause}`),
  );
  assert.equal(await up.promise, link.connection);
  assert.deepEqual(events, ['up server:1', 'down Error: cable cut', 'up server:2']);
});

test('attempts go on until one succeeds, and each failure is reported', async () => {
  const server = new FakeServer();
  const up = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  await using link = newLink(server, { onUp: () => up.resolve(), onFailure: (error) => failures.push(String(error)) });
  server.next = async () => {
    if (server.lives.length < 4) throw new Error(`refused ${server.lives.length}`);
  };
  link.keepConnecting();
  link.keepConnecting();
  await up.promise;
  assert.deepEqual(failures, ['Error: refused 1', 'Error: refused 2', 'Error: refused 3']);
  assert.equal(server.lives.length, 4);
});

test('an attempt that hangs is given up for a new one when there is news', async () => {
  const server = new FakeServer();
  const up = Promise.withResolvers<Connection>();
  await using link = newLink(server, { onUp: up.resolve });
  server.next = hangUntilAborted;
  link.keepConnecting();
  await atOnce(() => server.lives.length === 1);
  server.next = async () => {};

  link.startOver(new Error('another server is the master'));

  assert.equal((await up.promise).address, 'server:2');
  assert.ok(server.lives[0]?.signal.aborted);
});

test('an open connection is given up when there is news', async () => {
  const server = new FakeServer();
  const events: string[] = [];
  const again = Promise.withResolvers<void>();
  await using link = newLink(server, {
    onDown: (error) => events.push(String(error)),
    onUp: () => events.length > 0 && again.resolve(),
  });
  await link.connect();
  link.startOver(new Error('news'));
  assert.deepEqual([link.isUp, server.isDestroyed, events], [false, true, ['Error: news']]);
  await again.promise;
});

test('news at any moment after a reconnection lead to another one', async () => {
  for (let microtasks = 0; microtasks < 12; microtasks++) {
    const server = new FakeServer();
    const again = Promise.withResolvers<void>();
    await using link: Link = newLink(server, {
      onUp: async () => {
        if (server.lives.length > 1) return again.resolve();
        for (let i = 0; i < microtasks; i++) await undefined;
        link.startOver(new Error('news'));
      },
    });
    link.keepConnecting();
    await again.promise;
  }
});

test('doubt about a connection that is new, or no longer the one, changes nothing', async () => {
  const server = new FakeServer();
  await using link = newLink(server);
  await link.connect();
  link.doubt(link.connection, new Error('READONLY'));
  link.doubt(await server.open(server.lives[0] as ConnectionLife), new Error('READONLY'));
  assert.ok(link.isUp);
});

test('a connection that was lost while it was being prepared counts as a failure', async () => {
  const server = new FakeServer();
  const link = newLink(server, {
    open: async (life) => {
      const connection = await server.open(life);
      connection.destroy();
      life.onLost(new Error('cable cut'));
      return connection;
    },
  });
  await assert.rejects(link.connect(), /ended the connection at once/);
});

test('closing ends the connection, an attempt that hangs, and all further ones', async () => {
  const server = new FakeServer();
  const link = newLink(server, { onDown: () => assert.fail(), onFailure: () => assert.fail() });
  await link.connect();
  await link[Symbol.asyncDispose]();
  assert.deepEqual([link.isUp, server.isDestroyed], [false, true]);
  link.keepConnecting();
  link.startOver(new Error('news'));
  assert.equal(server.lives.length, 1);

  const hanging = newLink(server, { onFailure: () => assert.fail() });
  server.next = hangUntilAborted;
  hanging.keepConnecting();
  await atOnce(() => server.lives.length === 2);
  await hanging[Symbol.asyncDispose]();
});

async function hangUntilAborted({ signal }: ConnectionLife): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason));
  await promise;
}

/** Within the turns of the event loop that a pause of nothing takes. */
async function atOnce(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !isTrue(); turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(isTrue());
}
