/** The push services that are configured, any number at once. Part of the composition root; see app.ts. */
import { createPrivateKey } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { exposure } from '../config/file-modes.ts';
import { readTextFile, reasonOf } from '../config/text-file.ts';
import { StartError } from '../kernel/start-error.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import type { PushProvider } from '../push/push-provider.ts';
import type { ServiceAccount } from '../push-providers/fcm.ts';

export type PushProviders = ReadonlyMap<PushProviderName, PushProvider>;

/**
 * Empty while none is configured; each is loaded where it is used.
 * @throws StartError naming the setting that does not work
 */
export async function openPushProviders(config: Config, now: () => number): Promise<PushProviders> {
  const opened = await Promise.all([
    openFcm(config, now),
    openApns(config, now),
    openJpush(config),
    openGetui(config, now),
  ]);
  return new Map(opened.flatMap((provider) => (provider === undefined ? [] : [[provider.name, provider]])));
}

async function openFcm({ fcmAccountFile, fcmUrl: url, dev }: Config, now: () => number) {
  if (fcmAccountFile === '') return undefined;
  const setting = 'TESSERA_FCM_ACCOUNT_FILE';
  const account = accountIn(readSecretFile(setting, fcmAccountFile, dev));
  if (account === undefined) throw new StartError(`${setting}: holds no service account of Firebase`);
  const { Fcm } = await import('../push-providers/fcm.ts');
  return new Fcm({ account, url, now });
}

async function openApns(config: Config, now: () => number) {
  const { apnsKeyFile, apnsKeyID: keyID, apnsTeamID: teamID, apnsTopic: topic, apnsEnvironment: environment } = config;
  if (apnsKeyFile === '') return undefined;
  const setting = 'TESSERA_APNS_KEY_FILE';
  requireAll(setting, { TESSERA_APNS_KEY_ID: keyID, TESSERA_APNS_TEAM_ID: teamID, TESSERA_APNS_TOPIC: topic });
  const key = readSecretFile(setting, apnsKeyFile, config.dev);
  if (!isSigningKey(key, 'ec')) throw new StartError(`${setting}: holds no signing key of Apple (.p8)`);
  const urls = { production: config.apnsUrl, sandbox: config.apnsSandboxUrl };
  const { Apns } = await import('../push-providers/apns.ts');
  return new Apns({ teamID, keyID, key, topic, environment, urls, now });
}

async function openJpush(config: Config) {
  const { jpushAppKey: appKey, jpushMasterSecret: masterSecret } = config;
  if (appKey === '') return undefined;
  requireAll('TESSERA_JPUSH_APP_KEY', { TESSERA_JPUSH_MASTER_SECRET: masterSecret });
  const { Jpush } = await import('../push-providers/jpush.ts');
  const { jpushUrl: url, jpushIntent: intent, apnsEnvironment } = config;
  return new Jpush({ appKey, masterSecret, url, intent, isProduction: apnsEnvironment === 'production' });
}

async function openGetui(config: Config, now: () => number) {
  const { getuiAppID, getuiAppKey: appKey, getuiMasterSecret: masterSecret } = config;
  if (getuiAppID === '') return undefined;
  requireAll('TESSERA_GETUI_APP_ID', { TESSERA_GETUI_APP_KEY: appKey, TESSERA_GETUI_MASTER_SECRET: masterSecret });
  const { Getui } = await import('../push-providers/getui.ts');
  const { getuiIntent: intent, getuiChannelID: channelID, getuiChannelName: channelName } = config;
  const url = `${config.getuiUrl}/${encodeURIComponent(getuiAppID)}`;
  return new Getui({ appKey, masterSecret, url, intent, channelID, channelName, now });
}

/** @throws StartError */
function requireAll(setting: string, others: Readonly<Record<string, string>>): void {
  const missing = Object.keys(others).filter((name) => others[name] === '');
  if (missing.length > 0) throw new StartError(`${setting}: needs ${missing.join(' and ')} beside it`);
}

/** @throws StartError also where others may read it, except in development */
function readSecretFile(setting: string, path: string, dev: boolean): string {
  const fault = dev ? undefined : exposure(path);
  if (fault !== undefined) throw new StartError(`${setting}: ${path}: ${fault}`);
  try {
    return readTextFile(path);
  } catch (error) {
    throw new StartError(`${setting}: ${path} cannot be read (${reasonOf(error)})`);
  }
}

function accountIn(text: string): ServiceAccount | undefined {
  try {
    const account = JSON.parse(text) as Partial<Record<string, unknown>>;
    const needed = ['project_id', 'client_email', 'private_key', 'token_uri'].map((key) => account[key]);
    if (needed.some((value) => typeof value !== 'string' || value === '')) return undefined;
    return isSigningKey(String(account.private_key), 'rsa') ? (account as unknown as ServiceAccount) : undefined;
  } catch {
    return undefined;
  }
}

function isSigningKey(pem: string, type: 'rsa' | 'ec'): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === type;
  } catch {
    return false;
  }
}
