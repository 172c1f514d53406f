/**
 * Every setting, once: its key, type, default and meaning. Configuration loading, `--help` and docs/configuration.md
 * are all made from this list.
 */
import { type Static, Type } from 'typebox';

const port = (description: string, byDefault: number) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: byDefault, description });

/** A duration option holds text such as `90d`; {@link import('./config.ts').loadConfig} turns it into milliseconds. */
const duration = (description: string, byDefault: string) =>
  Type.String({ format: 'tessera-duration', default: byDefault, description });

const list = (description: string, byDefault: string[]) =>
  Type.Array(Type.String({ minLength: 1 }), { default: byDefault, description });

const secretText = (description: string) => Type.String({ default: '', secret: true, description });

export const optionsSchema = Type.Object({
  host: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on; containers set 0.0.0.0.',
  }),
  apiPort: port('Port of the REST API. 0 picks a free one.', 10_002),
  wsPort: port(
    'Port of the message gateway (WebSocket), which also answers under /msg_gateway of the API port.',
    10_001,
  ),
  dataDir: Type.String({
    minLength: 1,
    default: './data',
    description: 'Directory of the embedded database and the generated secret.',
  }),
  databaseUrl: secretText(
    'PostgreSQL connection URL (postgres://...). Empty: the embedded SQLite database in dataDir.',
  ),
  redisUrl: secretText('Redis or Valkey URL (redis://...) for tokens. Empty: tokens live in the database.'),
  secret: secretText(
    'Admin secret that get_admin_token asks for. Empty: a random one is made in dataDir at the first start.',
  ),
  signingKeys: Type.Array(Type.String({ minLength: 8 }), {
    default: [],
    secret: true,
    description: 'Keys that sign tokens: the first signs, all verify. Empty: the admin secret, as OpenIM has it.',
  }),
  adminUserIDs: list('User IDs with admin rights; created at start if missing.', ['imAdmin']),
  tokenTtl: duration('Lifetime of a token, promised to the second.', '90d'),
  loginPolicy: Type.Union([Type.Literal(0), Type.Literal(1), Type.Literal(4), Type.Literal(5)], {
    default: 1,
    description:
      'How many sessions a user may have: 0 up to maxTokensPerPlatform per platform, 1 one per platform, 4 one per class of platforms, 5 any PC and one other.',
  }),
  maxTokensPerPlatform: Type.Integer({ default: 30, description: 'Cap of login policy 0; 0 or less means no cap.' }),
  maxConnections: Type.Integer({
    minimum: 1,
    default: 100_000,
    description: 'Open sockets at the gateway before 1601 is answered.',
  }),
  logLevel: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'Least severe level that is logged.' },
  ),
  logFormat: Type.Union([Type.Literal('auto'), Type.Literal('json'), Type.Literal('pretty')], {
    default: 'auto',
    description: 'auto: pretty on a terminal, JSON lines otherwise.',
  }),
  shutdownTimeout: duration('Longest wait for work in flight after SIGTERM.', '15s'),
  dev: Type.Boolean({ default: false, description: "Development mode: accepts OpenIM's published default secret." }),
});

export type Options = Static<typeof optionsSchema>;
export type OptionKey = keyof Options;

export interface OptionInfo {
  readonly key: OptionKey;
  /** `TESSERA_API_PORT` */
  readonly env: string;
  /** `--api-port` */
  readonly flag: string;
  readonly kind: 'string' | 'integer' | 'boolean' | 'list' | 'duration' | 'choice';
  readonly choices: readonly (string | number)[];
  readonly default: unknown;
  readonly isSecret: boolean;
  readonly description: string;
}

interface PropertySchema {
  type?: string;
  format?: string;
  anyOf?: { const: string | number }[];
  default: unknown;
  secret?: boolean;
  description: string;
}

export const optionInfos: readonly OptionInfo[] = Object.entries(optionsSchema.properties).map(([key, schema]) =>
  describeOption(key as OptionKey, schema as unknown as PropertySchema),
);

function describeOption(key: OptionKey, schema: PropertySchema): OptionInfo {
  // adminUserIDs -> admin_user_ids: a run of capitals is one word.
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return {
    key,
    env: `TESSERA_${words.toUpperCase()}`,
    flag: `--${words.replaceAll('_', '-')}`,
    kind: kindOf(schema),
    choices: schema.anyOf?.map((choice) => choice.const) ?? [],
    default: schema.default,
    isSecret: schema.secret === true,
    description: schema.description,
  };
}

function kindOf(schema: PropertySchema): OptionInfo['kind'] {
  if (schema.anyOf !== undefined) return 'choice';
  if (schema.format === 'tessera-duration') return 'duration';
  switch (schema.type) {
    case 'integer':
      return 'integer';
    case 'boolean':
      return 'boolean';
    case 'array':
      return 'list';
    default:
      return 'string';
  }
}
