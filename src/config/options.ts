/**
 * Every setting, once: its key, kind, default and meaning. Configuration loading, `--help` and docs/configuration.md
 * are all made from this list. Plain data: a schema library would take a third of the start-up time for these checks.
 */
import { longestTokenLifeMs } from '../protocol/numbers/token-life.ts';
import { formatDuration } from './duration.ts';
import { limits } from './limits.ts';

interface Common<Value> {
  readonly default: Value;
  /** Never printed. */
  readonly isSecret?: true;
  /** Read where it is used: it may be set while the server runs. */
  readonly atRunTime?: true;
  readonly description: string;
}

interface TextOption extends Common<string> {
  readonly kind: 'text';
  readonly isRequired?: true;
}

export interface IntegerOption extends Common<number> {
  readonly kind: 'integer';
  readonly minimum?: number;
  readonly maximum?: number;
}

interface SwitchOption extends Common<boolean> {
  readonly kind: 'boolean';
}

/** Comma-separated in flags and variables. */
interface ListOption extends Common<readonly string[]> {
  readonly kind: 'list';
  readonly minItemLength: number;
}

/** A cron expression in the time zone of jobTimeZone, or `off`. */
interface CronOption extends Common<string> {
  readonly kind: 'cron';
}

/** Text such as `90d`; loadConfig turns it into milliseconds. */
interface DurationOption extends Common<string> {
  readonly kind: 'duration';
  readonly maximumMs: number;
  /** `0`, without a unit, has a meaning of its own. */
  readonly mayBeZero?: true;
}

interface ChoiceOption<Choice extends string | number> extends Common<Choice> {
  readonly kind: 'choice';
  readonly choices: readonly Choice[];
}

export type Option =
  | TextOption
  | IntegerOption
  | SwitchOption
  | ListOption
  | DurationOption
  | CronOption
  | ChoiceOption<string | number>;

const text = (description: string, byDefault: string): TextOption => ({
  kind: 'text',
  default: byDefault,
  isRequired: true,
  description,
});
const secretText = (description: string): TextOption => ({ kind: 'text', default: '', isSecret: true, description });
const port = (description: string, byDefault: number): IntegerOption => ({
  kind: 'integer',
  default: byDefault,
  minimum: 0,
  maximum: 65_535,
  description,
});
const tokenLifetime = (description: string, byDefault: string): DurationOption => ({
  kind: 'duration',
  default: byDefault,
  maximumMs: longestTokenLifeMs,
  description,
});
const waitingTime = (description: string, byDefault: string): DurationOption => ({
  kind: 'duration',
  default: byDefault,
  maximumMs: longestTimerMs,
  description,
});
const messageAge = (description: string, byDefault = '0'): DurationOption => ({
  kind: 'duration',
  default: byDefault,
  maximumMs: longestAgeMs,
  mayBeZero: true,
  description,
});
const cron = (description: string, byDefault: string): CronOption => ({
  kind: 'cron',
  default: byDefault,
  description: `${description} A cron expression, or off.`,
});
/** Declares that nobody keeps a copy of it: test/wire/config.test.ts holds that. */
const atRunTime = <Of extends object>(option: Of): Of & { readonly atRunTime: true } => ({
  ...option,
  atRunTime: true,
});
const choice = <const Choice extends string | number>(
  description: string,
  choices: readonly Choice[],
  byDefault: NoInfer<Choice>,
): ChoiceOption<Choice> => ({ kind: 'choice', choices, default: byDefault, description });

const toggle = (description: string, byDefault: boolean): SwitchOption => ({
  kind: 'boolean',
  default: byDefault,
  description,
});

/** A hundred years. */
const longestAgeMs = 36_500 * 86_400_000;

/** A timer of more than 2^31 - 1 ms goes off at once. */
const longestTimerMs = 24 * 86_400_000;

export const options = {
  host: text('Address to listen on; containers set 0.0.0.0.', '127.0.0.1'),
  apiPort: port('Port of the REST API. 0 picks a free one.', 10_002),
  wsPort: port(
    'Port of the message gateway (WebSocket), which also answers under /msg_gateway of the API port.',
    10_001,
  ),
  metricsPort: port(
    'A port more for /metrics and the probes alone, under the same rules: of workers, which share the other ports, each has its own, the first this one, the second the next. 0: none.',
    0,
  ),
  advertisedHost: {
    kind: 'text',
    default: '',
    description:
      'Name or address by which whoever scrapes metrics reaches this process, as /prometheus_discovery tells. Empty: the name of its host.',
  },
  dataDir: text('Directory of the embedded database and the generated secret.', './data'),
  databaseUrl: secretText(
    'PostgreSQL connection URL (postgres://...). Empty: the embedded SQLite database in dataDir.',
  ),
  redisUrl: secretText(
    'Redis or Valkey for tokens, and with databaseUrl for several nodes: redis://user:password@host:6379/0 (one server), redis+sentinel://user:password@host:26379,host:26379/master-name/0?sentinelUsername=...&sentinelPassword=... (the master that Sentinel names) or redis+cluster://user:password@host:6379,host:6379 (a Cluster); rediss instead of redis for TLS. Empty: tokens live in the database.',
  ),
  roles: {
    kind: 'list',
    default: ['api', 'gateway', 'jobs'],
    minItemLength: 1,
    description:
      'What this process does, some of: api (REST), gateway (sockets of clients), jobs (what runs by the clock). A part of them needs databaseUrl and redisUrl.',
  } satisfies ListOption as ListOption,
  workers: text(
    'Processes of this machine that serve on the same ports, or auto: one for each core. More than one needs databaseUrl and redisUrl.',
    '1',
  ),
  databaseConnections: {
    kind: 'integer',
    default: 16,
    minimum: 2,
    maximum: 10_000,
    description: 'Connections to PostgreSQL, divided among the workers. Each process holds one more for its lock.',
  } satisfies IntegerOption as IntegerOption,
  secret: secretText(
    'Admin secret that get_admin_token asks for; one that is easily guessed is refused except in development. Empty: a random one is made in dataDir at the first start.',
  ),
  signingKeys: {
    kind: 'list',
    default: [],
    minItemLength: 1,
    isSecret: true,
    description:
      'Keys that sign tokens: the first signs, all verify. Empty: those of `tessera keys` in dataDir, or else one that is derived from the admin secret.',
  } satisfies ListOption as ListOption,
  trustedProxies: {
    kind: 'list',
    default: [],
    minItemLength: 1,
    description:
      'Addresses and CIDR ranges of reverse proxies, whose X-Forwarded-For is believed. Empty: all clients behind a proxy are throttled as one.',
  } satisfies ListOption as ListOption,
  adminUserIDs: {
    kind: 'list',
    default: ['imAdmin'],
    minItemLength: 1,
    description: 'User IDs with admin rights; created at start if missing.',
  } satisfies ListOption as ListOption,
  tokenTtl: atRunTime(tokenLifetime('Lifetime of a token, promised to the second.', '90d')),
  tokenTtlByPlatform: {
    kind: 'list',
    default: [],
    minItemLength: 3,
    description: `Lifetimes of tokens for some platforms, such as Web=12h,IOS=30d: names (case ignored) or numbers of platforms; at most ${formatDuration(longestTokenLifeMs)} each. The rest have tokenTtl.`,
  } satisfies ListOption as ListOption,
  maxTokenTtl: tokenLifetime('Longest lifetime that a request for a token may ask for (expireTimeSeconds).', '365d'),
  sessionTtl: tokenLifetime(
    'How long after its login a session may go on by renewing its token: no renewal gives a token that ends later.',
    '730d',
  ),
  loginPolicy: choice(
    'Which sessions of a user may live side by side: keep-all (0) up to maxTokensPerPlatform per platform, one-per-platform (1), one-per-class of platforms (4), pc-and-one-other (5), custom by loginPolicyTable.',
    [0, 1, 4, 5, 'keep-all', 'one-per-platform', 'one-per-class', 'pc-and-one-other', 'custom'],
    1,
  ),
  loginPolicyTable: {
    kind: 'list',
    default: [],
    minItemLength: 3,
    description:
      'Login policy custom: who shares how much room, such as Mobile+Pad=1,PC=2,Web+PC=3. Each item names platforms (or gives their numbers) or classes of platforms and how many of their sessions one user may have, the newest staying; whoever is in no item is not limited.',
  } satisfies ListOption as ListOption,
  maxTokensPerPlatform: {
    kind: 'integer',
    default: 30,
    description: 'Cap of login policy keep-all; 0 or less means no cap.',
  } satisfies IntegerOption as IntegerOption,
  tokensWhenStoreDown: choice(
    'While the token store cannot be asked: reject answers 500; accept-signed lets in every correctly signed, unexpired token, also one that has been revoked, for at most storeDownGrace.',
    ['reject', 'accept-signed'],
    'reject',
  ),
  storeDownGrace: waitingTime('How long tokensWhenStoreDown=accept-signed holds after the store has failed.', '5m'),
  tokenCacheSize: {
    kind: 'integer',
    default: 50_000,
    minimum: 0,
    description: 'Verified tokens that are remembered for some seconds, so that the store is not asked each time.',
  } satisfies IntegerOption as IntegerOption,
  tokenEventsLimit: {
    kind: 'integer',
    default: 100_000,
    minimum: 1000,
    description: 'Entries that the audit trail of tokens keeps; the oldest go first.',
  } satisfies IntegerOption as IntegerOption,
  retainTokenEvents: atRunTime(
    messageAge('How long the audit trail of tokens keeps an entry; 0: as long as tokenEventsLimit has room.'),
  ),
  friendVerify: atRunTime(toggle('Only friends of the receiver may write in a single chat (1303).', false)),
  retainClientLogs: atRunTime(
    messageAge('How long /third/logs/search finds the logs that clients have uploaded; 0: for ever.', '180d'),
  ),
  revokeWithin: atRunTime(
    messageAge(
      'How long senders may take a message back; 0: for ever, as with OpenIM. Owner and admins of a group, and admins of the server, always may.',
    ),
  ),
  retainMessages: atRunTime(
    messageAge(
      "How long messages are kept, notifications included; 0: for ever. OpenIM's retainChatRecords is 365d by default.",
    ),
  ),
  retentionSchedule: atRunTime(
    cron("When messages older than retainMessages are erased. OpenIM's cronExecuteTime, for this job.", '*/10 * * * *'),
  ),
  destructionSchedule: atRunTime(
    cron('When conversations with isMsgDestruct lose the messages that have come to their end.', '* * * * *'),
  ),
  tokenEventsSchedule: atRunTime(
    cron('When entries of the audit trail of tokens go that are older than retainTokenEvents.', '17 * * * *'),
  ),
  clientLogsSchedule: atRunTime(
    cron('When records of uploaded client logs go that are older than retainClientLogs.', '37 3 * * *'),
  ),
  retainFiles: atRunTime(
    messageAge("How long files are kept; 0: for ever. OpenIM's fileExpireTime is 180 days by default."),
  ),
  retainFileGroups: {
    kind: 'list',
    default: ['msg-picture', 'msg-file', 'msg-voice', 'msg-video', 'msg-video-snapshot', 'sdklog'],
    minItemLength: 1,
    description:
      "Of which uploads (their `cause`) files go after retainFiles: OpenIM's deleteObjectType. The JS SDK gives none: its files stay.",
  } satisfies ListOption as ListOption,
  fileRetentionSchedule: atRunTime(cron('When objects go that are older than retainFiles.', '7 2 * * *')),
  fileCollectionSchedule: atRunTime(
    cron('When content goes that no object has named for a day, with uploads that were never completed.', '23 * * * *'),
  ),
  fileVerificationSchedule: atRunTime(
    cron('When the content of all objects is looked for, to tell of what is missing.', '43 4 * * 0'),
  ),
  jobTimeZone: atRunTime(text('Time zone of these expressions, such as Europe/Berlin.', 'UTC')),
  editWithin: atRunTime(messageAge('How long senders may edit what they have said; 0: for ever.')),
  notificationFile: {
    kind: 'text',
    default: '',
    description:
      "File in the form of OpenIM's notification.yml: which notifications are also shown in the chat (isSendMsg), and what is pushed to those who are offline. Empty: as OpenIM has it by default.",
  },
  fcmAccountFile: {
    kind: 'text',
    default: '',
    description:
      'Offline push with FCM: the file of the service account, as Firebase gives it out. Only its owner may read it.',
  },
  fcmUrl: text('Where FCM is called.', 'https://fcm.googleapis.com'),
  apnsKeyFile: {
    kind: 'text',
    default: '',
    description:
      'Offline push straight to Apple: the file of the signing key (.p8), with apnsKeyID, apnsTeamID and apnsTopic. Only its owner may read it.',
  },
  apnsKeyID: { kind: 'text', default: '', description: 'The ID of that key.' },
  apnsTeamID: { kind: 'text', default: '', description: "The ID of the developer's team." },
  apnsTopic: { kind: 'text', default: '', description: 'The bundle ID of the application whose tokens name none.' },
  apnsEnvironment: choice(
    "Which of Apple's services tokens are of that do not say.",
    ['production', 'sandbox'],
    'production',
  ),
  apnsUrl: text("Apple's service.", 'https://api.push.apple.com'),
  apnsSandboxUrl: text("Apple's service for development.", 'https://api.sandbox.push.apple.com'),
  jpushAppKey: {
    kind: 'text',
    default: '',
    description: 'Offline push with JPush, to users by their ID as alias: the AppKey, with jpushMasterSecret.',
  },
  jpushMasterSecret: secretText('The Master Secret of that AppKey.'),
  jpushIntent: { kind: 'text', default: '', description: 'What an Android application opens, for JPush.' },
  jpushUrl: text('Where JPush is called.', 'https://api.jpush.cn/v3/push'),
  getuiAppID: {
    kind: 'text',
    default: '',
    description:
      'Offline push with Getui, to users by their ID as alias: the AppID, with getuiAppKey and getuiMasterSecret.',
  },
  getuiAppKey: secretText('The AppKey of that application.'),
  getuiMasterSecret: secretText('Its Master Secret.'),
  getuiIntent: { kind: 'text', default: '', description: 'What an Android application opens, for Getui.' },
  getuiChannelID: { kind: 'text', default: '', description: 'The channel of notifications on Android, for Getui.' },
  getuiChannelName: { kind: 'text', default: '', description: 'The name of that channel.' },
  getuiUrl: text('Where Getui is called.', 'https://restapi.getui.com/v2'),
  pushByPlatform: {
    kind: 'list',
    default: [],
    minItemLength: 5,
    description:
      'Of which push service a token is that does not say so, by platform, such as IOS=apns,IPad=apns: fcm, apns, getui or jpush. The rest are of fcm.',
  } satisfies ListOption as ListOption,
  publicUrl: {
    kind: 'text',
    default: '',
    description:
      'URL of the API as clients call it, such as https://im.example.org/api: where files are sent and fetched, which is stored in messages. Empty: X-Request-Api of a proxy among trustedProxies, or else the Host header of each request.',
  },
  filesDir: {
    kind: 'text',
    default: '',
    description: 'Directory of the files that users send. Empty: files in dataDir.',
  },
  webhooksFile: {
    kind: 'text',
    default: '',
    description:
      "File in the form of OpenIM's webhooks.yml: where the back end is asked before something happens and told of it afterwards, and which hooks are on. Empty: none.",
  },
  webhooksSecret: secretText(
    'Signs requests to the back end as Standard Webhooks has it: whsec_ and base64, or any text. Empty: they are not signed, as with OpenIM.',
  ),
  filesDirShared: toggle(
    'Every server on the database has the same directory of files, such as one on a network file system. Without it no files are taken into a directory beside PostgreSQL and Redis, where another server would not find them.',
    false,
  ),
  s3Endpoint: {
    kind: 'text',
    default: '',
    description: 'URL of an S3-compatible store for files, as this server reaches it. Empty: files are in filesDir.',
  },
  s3PublicEndpoint: {
    kind: 'text',
    default: '',
    description:
      'The same as clients reach it, which URLs are signed for; a path in it is one that a proxy takes off. Empty: s3Endpoint.',
  },
  s3Region: text('Region of that store; most but AWS take any.', 'us-east-1'),
  s3Bucket: text('Bucket of the files; made if it is not there.', 'openim'),
  s3AccessKeyID: { kind: 'text', default: '', description: 'Access key of that store.' },
  s3SecretAccessKey: secretText('Secret key of that store.'),
  historyForNewMembers: atRunTime(toggle('Who joins a group may read what was written before.', true)),
  openimTokens: choice(
    "Tokens that OpenIM issued and keeps in the same Redis: off ignores them; read honours them and takes each into Tessera's own keys; mirror also writes Tessera's tokens where OpenIM's servers look, so that both can serve during a move.",
    ['off', 'read', 'mirror'],
    'off',
  ),
  oauthClients: {
    kind: 'list',
    default: [],
    minItemLength: 10,
    isSecret: true,
    description: 'Who may use /oauth2/introspect and /oauth2/revoke, as id:secret; secrets of at least 8 characters.',
  } satisfies ListOption as ListOption,
  logLevel: atRunTime(
    choice(
      'Least severe level that is logged.',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'info',
    ),
  ),
  logFormat: choice('auto: pretty on a terminal, JSON lines otherwise.', ['auto', 'json', 'pretty'], 'auto'),
  pagesAccess: choice(
    'Who may see /metrics, /docs, /openapi.json, /third/prometheus and /prometheus_discovery. guarded: whoever calls from this machine and through no proxy, or has pagesToken; open: everybody; auto: open with dev, else guarded.',
    ['auto', 'guarded', 'open'],
    'auto',
  ),
  pagesToken: secretText(
    'Lets a scraper or a browser from elsewhere see those pages: as Bearer token, or as the password of HTTP Basic. Empty: nobody from elsewhere.',
  ),
  grafanaUrl: {
    kind: 'text',
    default: '',
    atRunTime: true,
    description: 'Where GET /third/prometheus leads: an http or https URL. Empty: 404.',
  },
  supervised: toggle(
    'Whether something starts the server again when it exits (systemd, a container that restarts): then `/restart` may have it drain and exit, with code 75.',
    false,
  ),
  shutdownTimeout: waitingTime('Longest wait for work in flight after SIGTERM.', '15s'),
  drainSpread: waitingTime(
    'How long a node that stops takes at most to close its sockets, one after another, so that their clients do not all come to the other nodes at once; a thousand a second at least.',
    '10s',
  ),
  dev: {
    kind: 'boolean',
    default: false,
    description: "Development mode: accepts OpenIM's published default secret.",
  } satisfies SwitchOption as SwitchOption,
  ...limits,
} as const;

export type OptionKey = keyof typeof options;

/** The settings as they are written, each in its own type. */
export type Options = { [Key in OptionKey]: (typeof options)[Key]['default'] };

export interface OptionNames {
  readonly key: OptionKey;
  /** `TESSERA_API_PORT` */
  readonly env: string;
  /** `--api-port` */
  readonly flag: string;
}

export type OptionInfo = OptionNames & Option;

export const optionInfos: readonly OptionInfo[] = Object.entries<Option>(options).map(([key, option]) => {
  // adminUserIDs -> admin_user_ids: a run of capitals is one word.
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return {
    ...option,
    key: key as OptionKey,
    env: `TESSERA_${words.toUpperCase()}`,
    flag: `--${words.replaceAll('_', '-')}`,
  };
});
