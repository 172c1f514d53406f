/** The two ways a server is deployed, for tests that must hold on both. */
import { type TestContext, test } from 'node:test';
import { BackEnd } from './back-end.ts';
import { SdkClient, sdksAtRest } from './sdk-client.ts';
import { TesseraProcess } from './tessera-process.ts';
import { postgresUrlForSuite, redisForSuite } from './test-services.ts';
import { within } from './within.ts';

export interface Deployment {
  readonly server: TesseraProcess;
  readonly backEnd: BackEnd;
  /** A device of `userID` with a fresh token, logged in and synchronised; logged out after the suite. */
  device(userID: string, options?: { platformID?: number; token?: string }): Promise<SdkClient>;
}

/** Runs `suite` on the embedded default, and on PostgreSQL with Redis. */
export function testOnEveryDeployment(
  subject: string,
  env: Readonly<Record<string, string>>,
  suite: (t: TestContext, deployment: Deployment) => Promise<void>,
): void {
  test(`${subject} on SQLite`, async (t) => suite(t, await deploy(t, env)));
  test(`${subject} on PostgreSQL and Redis`, async (t) => {
    const databaseUrl = await postgresUrlForSuite(t);
    const redis = await redisForSuite(t);
    if (databaseUrl === undefined || redis === undefined) return;
    await suite(t, await deploy(t, { ...env, TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url }));
  });
}

export async function deploy(t: TestContext, env: Readonly<Record<string, string>> = {}): Promise<Deployment> {
  const server = await TesseraProcess.start({ env });
  const devices: SdkClient[] = [];
  t.after(async () => {
    for (const device of devices) device.dispose();
    await within('the last questions of the SDKs', sdksAtRest());
    await server.dispose();
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
