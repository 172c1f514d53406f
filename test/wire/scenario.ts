/**
 * Tests of one endpoint as a table: who calls with what, and what is answered. Every endpoint also gets the scenarios
 * that hold for all of them, made from its schema (malformed.ts) and from who may call it (refusals.ts), so that its own table is about its own rules.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { malformed } from './malformed.ts';
import { type Envelope, envelopeOf, type RawReply } from './raw-http.ts';
import { refusals } from './refusals.ts';
import { type TokenKind, World } from './world.ts';

export interface Scenario {
  /** A sentence; begins with the number of a promise or of a known defect where it proves one. */
  readonly name: string;
  /** `admin` by default; see {@link TokenKind}. A function makes a token of its own. */
  readonly token?: TokenKind | ((world: World) => string | Promise<string>);
  /** What has to be there first. Scenarios of a table share a world and run in order, so use users of your own. */
  readonly given?: (world: World) => Promise<unknown>;
  /** JSON; text and bytes are sent as they are. */
  readonly body: unknown | ((world: World) => unknown);
  readonly expect: Expectation;
}

export interface Expectation {
  /** 200 by default. */
  readonly httpStatus?: number | RegExp;
  readonly errCode: number | RegExp;
  /** Exactly, a pattern, or a function that asserts. */
  readonly errDlt?: string | RegExp | ((detail: string) => void);
  /** Exactly; or a function that asserts. Without it nothing but an absent `data` is accepted. */
  readonly data?: unknown | ((data: never, world: World) => void | Promise<void>);
}

export interface TableOptions {
  /** TESSERA_* settings of the server. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Runs once, before the first scenario. */
  readonly setUp?: (world: World) => Promise<unknown>;
}

export function testEndpoint(endpoint: Endpoint, scenarios: readonly Scenario[], options: TableOptions = {}): void {
  describe(`POST ${endpoint.path}`, () => {
    let world: World;
    before(async () => {
      world = await World.open(options.settings);
      await options.setUp?.(world);
    });
    after(() => world[Symbol.asyncDispose]());

    for (const scenario of [...scenarios, ...refusals(endpoint)])
      test(scenario.name, () => run(world, endpoint, scenario));
    for (const { name, send, expect } of malformed(endpoint)) {
      test(name, async () => check(await send(world), await expect(world), world));
    }
  });
}

async function run(world: World, endpoint: Endpoint, scenario: Scenario): Promise<void> {
  await scenario.given?.(world);
  const { token = 'admin', body } = scenario;
  const reply = await world.post(
    endpoint.path,
    typeof body === 'function' ? await body(world) : body,
    typeof token === 'function' ? await token(world) : world.token(token),
  );
  await check(reply, scenario.expect, world);
}

async function check(reply: RawReply, expected: Expectation, world: World): Promise<void> {
  const envelope = envelopeOf(reply);
  checkNumber(envelope.errCode, expected.errCode, `errCode of ${reply.body.toString()}`);
  checkNumber(reply.status, expected.httpStatus ?? 200, 'HTTP status');
  assert.equal(reply.headers['content-type'], 'application/json');
  checkDetail(envelope, expected.errDlt);
  if (typeof expected.data === 'function') await expected.data(envelope.data, world);
  else if ('data' in expected) assert.deepEqual(envelope.data, expected.data);
  else assert.ok(!('data' in envelope), 'data was not expected');
}

function checkNumber(actual: number, expected: number | RegExp, what: string): void {
  if (typeof expected === 'number') assert.equal(actual, expected, what);
  else assert.match(`${actual}`, expected, what);
}

function checkDetail({ errCode, errMsg, errDlt }: Envelope, expected: Expectation['errDlt']): void {
  if (errCode === 0) assert.deepEqual([errMsg, errDlt], ['', '']);
  if (typeof expected === 'function') expected(errDlt);
  else if (typeof expected === 'string') assert.equal(errDlt, expected);
  else if (expected !== undefined) assert.match(errDlt, expected);
}
