/** What all stories of the wasm SDK play on: one browser, one server, and a device each of alice and bob. */
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { browserForSuite } from '../../support/browser.ts';
import { type Deployment, deploy, deployNodes, type Server } from '../../support/deployments.ts';
import type { TesseraProcess } from '../../support/tessera-process.ts';
import { WasmClient } from '../../support/wasm-client.ts';
import { serveWasmSite } from '../../support/wasm-site.ts';

export interface Stage<Kind extends Server = Server> extends Deployment<Kind> {
  readonly alice: WasmClient;
  readonly bob: WasmClient;
  /** A device that has never been used: its own storage, and nobody logged in. */
  newDevice(): Promise<WasmClient>;
  /** With a fresh token, unless one is given. Resolves when the SDK has synchronised. */
  logIn(client: WasmClient, userID: string, token?: string): Promise<void>;
  /** Of all devices: see {@link WasmClient.failures}. */
  failures(): string[];
}

/** The conversation of alice and bob. */
export const conversationID = 'si_alice_bob';

/** @param env settings of the server. Closed after the suite; undefined when the caller leaves Chromium out, in which case the test is marked as skipped. */
export async function openStage(
  t: TestContext,
  env: Readonly<Record<string, string>> = {},
): Promise<Stage<TesseraProcess> | undefined> {
  const browser = await browserForSuite(t);
  return browser === undefined ? undefined : openStageOn(t, browser, await deploy(t, env));
}

/** The same with clients on any of so many nodes. */
export async function openStageOfNodes(
  t: TestContext,
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Stage | undefined> {
  const browser = await browserForSuite(t);
  const deployment = browser === undefined ? undefined : await deployNodes(t, count, env);
  return browser === undefined || deployment === undefined ? undefined : openStageOn(t, browser, deployment);
}

async function openStageOn<Kind extends Server>(
  t: TestContext,
  browser: Browser,
  deployment: Deployment<Kind>,
): Promise<Stage<Kind>> {
  const site = await serveWasmSite();
  t.after(() => site[Symbol.asyncDispose]());
  const { server, backEnd } = deployment;
  await backEnd.register('alice', 'bob', 'carol');

  const devices: WasmClient[] = [];
  const deviceOn = async (pageUrl: string) => {
    const device = await WasmClient.open(await browser.newContext(), pageUrl);
    devices.push(device);
    return device;
  };
  const [alice, bob] = await Promise.all([deviceOn(site.plainUrl), deviceOn(site.url)]);
  return {
    ...deployment,
    newDevice: () => deviceOn(site.plainUrl),
    alice,
    bob,
    logIn: async (client, userID, token) => {
      token ??= await backEnd.userToken(userID);
      await client.login({ userID, token, apiAddr: server.apiUrl, wsAddr: server.wsUrl });
    },
    failures: () => devices.flatMap((device) => device.failures),
  };
}
