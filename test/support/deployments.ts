/**
 * The two ways a server is deployed, for tests that must hold on both; or, where `npm run test:cluster` says so, several
 * nodes behind nginx instead.
 */
import { type TestContext, test } from 'node:test';
import { BackEnd } from './back-end.ts';
import { NodeCluster } from './cluster/node-cluster.ts';
import { SdkClient, sdksAtRest, setGone } from './sdk-client.ts';
import { TesseraProcess } from './tessera-process.ts';
import { postgresUrlForSuite, redisForSuite } from './test-services.ts';
import { within } from './within.ts';

/** What stories ask of a server, be it one process or several. */
export type Server = Pick<TesseraProcess, 'apiUrl' | 'wsUrl' | 'wsPort' | 'running' | 'kill' | 'start'>;

export interface Deployment<Kind extends Server = Server> {
  readonly server: Kind;
  readonly backEnd: BackEnd;
  /** A device of `userID` with a fresh token, logged in and synchronised; logged out after the suite. */
  device(userID: string, options?: { platformID?: number; token?: string }): Promise<SdkClient>;
}

/** A number: so many nodes, and nothing else. */
const nodes = process.env.TESSERA_TEST_NODES;

/**
 * Runs `suite` on the embedded default, and on PostgreSQL with Redis.
 * @param suite `isWhole` where a story of very many messages is told in full: on one of the two, and on several nodes
 */
export function testOnEveryDeployment(
  subject: string,
  env: Readonly<Record<string, string>>,
  suite: (t: TestContext, deployment: Deployment, isWhole: boolean) => Promise<void>,
): void {
  if (nodes !== undefined) {
    test(`${subject} on ${nodes} nodes`, async (t) => {
      const deployment = await deployNodes(t, Number(nodes), env);
      if (deployment !== undefined) await suite(t, deployment, true);
    });
    return;
  }
  test(`${subject} on SQLite`, async (t) => suite(t, await deploy(t, env), true));
  test(`${subject} on PostgreSQL and Redis`, async (t) => {
    const stores = await storesForSuite(t);
    if (stores === undefined) return;
    const { databaseUrl, redisUrl } = stores;
    const onStores = { ...env, TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redisUrl };
    await suite(t, await deploy(t, onStores), false);
  });
}

async function storesForSuite(t: TestContext): Promise<{ databaseUrl: string; redisUrl: string } | undefined> {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t, nodes === undefined ? {} : { args: ['--appendonly', 'yes'] });
  return databaseUrl === undefined || redis === undefined ? undefined : { databaseUrl, redisUrl: redis.url };
}

export async function deploy(
  t: TestContext,
  env: Readonly<Record<string, string>> = {},
): Promise<Deployment<TesseraProcess>> {
  const server = await TesseraProcess.start({ env });
  return deploymentOf(t, server, () => server.dispose());
}

/** Behind nginx. @returns undefined where a store is left out, in which case the test is marked as skipped */
export async function deployNodes(
  t: TestContext,
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<Deployment | undefined> {
  const stores = await storesForSuite(t);
  if (stores === undefined) return undefined;
  const cluster = await NodeCluster.open({ nodes: count, isDirect: true, ...stores, env });
  return deploymentOf(t, cluster, () => cluster[Symbol.asyncDispose]());
}

function deploymentOf<Kind extends Server>(t: TestContext, server: Kind, end: () => Promise<void>): Deployment<Kind> {
  const devices: SdkClient[] = [];
  setGone(server.apiUrl, false);
  t.after(async () => {
    for (const device of devices) device.dispose();
    await within('the last questions of the SDKs', sdksAtRest());
    setGone(server.apiUrl, true);
    await end();
  });
  const backEnd = new BackEnd(() => server.apiUrl);
  return {
    server,
    backEnd,
    device: async (userID, { platformID = 5, token } = {}) => {
      const device = new SdkClient();
      devices.push(device);
      await device.login({
        userID,
        platformID,
        token: token ?? (await backEnd.userToken(userID, platformID)),
        apiAddr: server.apiUrl,
        wsAddr: server.wsUrl,
      });
      return device;
    },
  };
}
