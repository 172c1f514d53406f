/**
 * Settings that all nodes of a cluster must share, told as digests by subject: enough to see who differs, too little to
 * learn a secret from.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';
import { limits } from './limits.ts';
import type { Secrets } from './secrets.ts';

/** Digest by subject. */
export type SharedSettings = Readonly<Record<string, string>>;

/** Of one process or machine, or of its way to what all share. */
const ofProcess: ReadonlySet<string> = new Set<keyof Config>([
  ...(['host', 'apiPort', 'wsPort', 'metricsPort', 'advertisedHost', 'dataDir', 'databaseUrl', 'redisUrl'] as const),
  ...(['roles', 'workers', 'databaseConnections', 'trustedProxies', 'publicUrl', 'filesDir', 's3Endpoint'] as const),
  ...(['tokenCacheSize', 'logLevel', 'logFormat', 'pagesAccess', 'pagesToken', 'grafanaUrl'] as const),
  ...(['supervised', 'shutdownTimeoutMs', 'drainSpreadMs', 'dev', 'origin'] as const),
  // What is in effect of these is told of below.
  ...(['secret', 'signingKeys'] as const),
]);

/** Of these the text counts, not the path. */
const files = ['notificationFile', 'fcmAccountFile', 'apnsKeyFile', 'webhooksFile'] as const;

/** What has no subject of its own is of the last one. */
const subjects: readonly (readonly [string, (key: string) => boolean])[] = [
  ['limits', (key) => key in limits],
  ['push', (key) => /^(push|fcm|apns|jpush|getui)/.test(key)],
  ['webhooks', (key) => key.startsWith('webhooks')],
  ['notifications', (key) => key === 'notificationFile'],
  ['files', (key) => /^(files|s3)/.test(key)],
  ['tokens', (key) => /token|login|session|storeDown|oauth|adminUserIDs/i.test(key)],
  ['others', () => true],
];

export const sharedSubjects: readonly string[] = ['secrets', ...subjects.map(([subject]) => subject)];

/**
 * Reads the files that settings name; what is found in them is what a process goes by from its start.
 * @returns the digests as they are now: some settings may be changed at run time, and keys replaced
 */
export function sharedSettings(
  config: Config,
  { adminSecret }: Pick<Secrets, 'adminSecret'>,
  keyIDs: () => readonly string[],
): () => SharedSettings {
  const texts = new Map<string, string>(files.map((key) => [key, textOf(config[key])]));
  return () => {
    const bySubject = Map.groupBy(
      Object.entries(config).filter(([key]) => !ofProcess.has(key)),
      ([key]) => subjects.find(([, isMeant]) => isMeant(key))?.[0] ?? '',
    );
    const digest = (value: unknown) => digestOf(adminSecret, JSON.stringify(value, plain));
    return {
      secrets: digest(keyIDs()),
      ...Object.fromEntries(
        Array.from(bySubject, ([subject, entries]) => [
          subject,
          digest(entries.map(([key, value]) => [key, texts.get(key) ?? value]).sort()),
        ]),
      ),
    };
  };
}

/** By subject, who differs from most: nothing where all have told the same. Where secrets differ the rest cannot be compared. */
export function settingsThatDiffer<Node extends { readonly settings: SharedSettings }>(
  nodes: readonly Node[],
): ReadonlyMap<string, readonly Node[]> {
  const names = [...new Set(nodes.flatMap(({ settings }) => Object.keys(settings)))].sort();
  const differing = new Map<string, readonly Node[]>();
  for (const subject of names) {
    // A version that does not know the subject says nothing of it.
    const telling = nodes.filter(({ settings }) => settings[subject] !== undefined);
    const groups = [...Map.groupBy(telling, ({ settings }) => settings[subject]).values()];
    const [most, ...others] = groups.sort((a, b) => b.length - a.length);
    if (most !== undefined && others.length > 0) differing.set(subject, others.flat());
  }
  const secrets = differing.get('secrets');
  return secrets === undefined ? differing : new Map([['secrets', secrets]]);
}

/** With a key that whoever reads Redis does not have, and so short that it fits a great many texts. */
function digestOf(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 6);
}

function plain(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value].sort() : value;
}

/** Whoever needs the file says what is wrong with it. */
function textOf(path: string): string {
  try {
    return path === '' ? '' : readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
