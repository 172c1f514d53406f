/** `tessera token`: tokens of a running server, issued, looked at and revoked by hand. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { parseDuration } from '../config/duration.ts';
import { findAdminSecret, loadSecrets } from '../config/secrets.ts';
import { platformIDs, platformName } from '../protocol/constants.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { StartError } from '../start-error.ts';
import { TokenCodec } from '../tokens/claims.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { ApiRefusal, connectApi, postPublic } from './api-client.ts';
import { type Command, configFromArgs, UsageError } from './command.ts';
import { formatInstant, textTable } from './text-table.ts';

export const token: Command = {
  name: 'token',
  summary: 'issue, inspect, list and revoke tokens by hand',
  help: ([name]) => actionNamed(name)?.help ?? overview,
  run: async ([name, ...args]) => {
    const action = actionNamed(name);
    if (action === undefined) throw new UsageError(name === undefined ? 'which of them?' : `no such action: ${name}`);
    const { config, values } = configFromArgs(args, { ...commonFlags, ...action.flags });
    const result = await action.run(config, values);
    process.stdout.write(`${values.json === true ? JSON.stringify(result.data, null, 2) : result.text}\n`);
    return result.exitCode ?? 0;
  },
};

type Values = Readonly<Record<string, unknown>>;

interface Action {
  readonly name: string;
  readonly help: string;
  readonly flags: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
  readonly run: (config: Config, values: Values) => Promise<Result>;
}

interface Result {
  /** For people. */
  readonly text: string;
  /** For programs. */
  readonly data: unknown;
  readonly exitCode?: number;
}

const commonFlags = { json: { type: 'boolean' }, url: { type: 'string' } } as const;

const overview = `Usage: tessera token issue | inspect | list | revoke [flags]

  issue     a token for a user's device, printed to the terminal
  inspect   what a token says, and whether it is accepted
  list      a user's tokens: where, since when, until when, in what state
  revoke    ends one token or a user's, and closes their sockets

They ask the running server, with the admin secret of this configuration.
tessera token <action> --help explains an action.
`;

const commonHelp = `  --url      of the server's REST API; by default the one that this configuration starts on this machine
  --json     for programs; times are Unix milliseconds
  and every flag of \`tessera serve\`, above all --data-dir or --secret: those of the server.
`;

const issueAction: Action = {
  name: 'issue',
  flags: {
    user: { type: 'string' },
    platform: { type: 'string' },
    ttl: { type: 'string' },
    device: { type: 'string' },
  },
  help: `Usage: tessera token issue --user ID --platform NAME [--ttl 12h] [--device LABEL] [flags]

Issues a token as /auth/get_user_token does: sessions that the login policy leaves no room for are ended. Whoever reads
the output can act as the user.

  --user     the user's ID; must be registered
  --platform IOS, Android, Windows, OSX, Web, MiniWeb, Linux, APad, IPad or HarmonyOS
  --ttl      lifetime such as 12h; by default the configured one
  --device   a label for lists
${commonHelp}`,
  run: async (config, values) => {
    const ttlMs = values.ttl === undefined ? 0 : (parseDuration(String(values.ttl)) ?? -1);
    if (ttlMs < 0 || ttlMs % 1000 !== 0) throw new UsageError('--ttl must be a duration of whole seconds such as 12h');
    const api = await connectApi(config, text(values.url));
    const issued = await api.post('/auth/get_user_token', {
      userID: required(values, 'user'),
      platformID: platformCalled(required(values, 'platform')),
      expireTimeSeconds: ttlMs / 1000,
      deviceName: text(values.device),
    });
    const seconds = Number(issued.expireTimeSeconds);
    return {
      data: issued,
      text: `${issued.token}\n\nvalid for ${seconds} s, until ${formatInstant(Date.now() + seconds * 1000)} UTC`,
    };
  },
};

const inspectAction: Action = {
  name: 'inspect',
  flags: { token: { type: 'string' }, offline: { type: 'boolean' } },
  help: `Usage: tessera token inspect --token TOKEN|- [--offline] [flags]

Says what a token holds, whether this configuration's keys have signed it, and whether the server accepts it. The exit
code is 1 if it is not accepted.

  --token    the token, or - to read it from standard input, which keeps it out of the shell's history
  --offline  do not ask the server: no word about revocation then
${commonHelp}`,
  run: async (config, values) => {
    const given = readToken(values);
    const claims = decodeUnverified(given);
    const local = verifyLocally(config, given);
    const server = values.offline === true || local !== '' ? undefined : await askServer(config, values, given);
    const verdict = local || server || (server === undefined ? 'signature and times are right' : 'accepted');
    const isGood = local === '' && (server === undefined || server === '');
    return {
      data: { ...claims, isAccepted: isGood, verdict },
      text: `${textTable(Object.entries(claims).map(([name, value]) => [name, String(value)]))}\n\n${verdict}`,
      exitCode: isGood ? 0 : 1,
    };
  },
};

const listAction: Action = {
  name: 'list',
  flags: { user: { type: 'string' } },
  help: `Usage: tessera token list --user ID [flags]

Lists a user's tokens that have not expired, newest first, the ended ones too. Times are UTC.

  --user     the user's ID
${commonHelp}`,
  run: async (config, values) => {
    const userID = required(values, 'user');
    const api = await connectApi(config, text(values.url));
    const tokens: ListedToken[] = [];
    for (let cursor = ''; ; ) {
      const page = await api.post('/auth/list_tokens', { userID, cursor, limit: 500 });
      tokens.push(...((page.tokens as ListedToken[] | null) ?? []));
      cursor = String(page.nextCursor);
      if (cursor === '') return { data: tokens, text: tokenTable(tokens) };
    }
  },
};

const revokeAction: Action = {
  name: 'revoke',
  flags: {
    user: { type: 'string' },
    jti: { type: 'string' },
    platform: { type: 'string' },
    all: { type: 'boolean' },
    token: { type: 'string' },
  },
  help: `Usage: tessera token revoke --token TOKEN|- [flags]
       tessera token revoke --user ID (--jti JTI | --platform NAME | --all) [flags]

Ends tokens: they answer 1506 from now on, and their sockets are closed.

  --token    this one; - reads it from standard input
  --user     the user's ID
  --jti      the user's token of this name, as \`tessera token list\` shows it
  --platform the user's tokens on this platform
  --all      all of the user's tokens
${commonHelp}`,
  run: async (config, values) => {
    const request = revocation(values);
    const api = await connectApi(config, text(values.url));
    const answer = await api.post(request.path, request.body);
    return { data: answer, text: `${answer.revoked} revoked` };
  },
};

function actionNamed(name: string | undefined): Action | undefined {
  return [issueAction, inspectAction, listAction, revokeAction].find((action) => action.name === name);
}

interface ListedToken {
  readonly jti: string;
  readonly platform: string;
  readonly deviceName: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly lastSeenAt: number;
  readonly state: string;
  readonly reason: string;
}

function tokenTable(tokens: readonly ListedToken[]): string {
  if (tokens.length === 0) return 'no tokens';
  const header = ['JTI', 'PLATFORM', 'DEVICE', 'ISSUED', 'EXPIRES', 'LAST SEEN', 'STATE'];
  const rows = tokens.map((each) => [
    each.jti,
    each.platform,
    each.deviceName,
    formatInstant(each.issuedAt),
    formatInstant(each.expiresAt),
    formatInstant(each.lastSeenAt),
    each.reason === '' ? each.state : `${each.state} (${each.reason})`,
  ]);
  return textTable([header, ...rows]);
}

function revocation(values: Values): { path: string; body: object } {
  if (values.token !== undefined) return { path: '/auth/revoke_token', body: { token: readToken(values) } };
  const userID = required(values, 'user');
  const ways = [values.jti, values.platform, values.all].filter((way) => way !== undefined);
  if (ways.length !== 1) throw new UsageError('give one of --jti, --platform and --all');
  if (values.jti !== undefined) return { path: '/auth/revoke_token', body: { userID, jti: text(values.jti) } };
  const platformIDs = values.platform === undefined ? [] : [platformCalled(text(values.platform))];
  return { path: '/auth/revoke_tokens', body: { userID, platformIDs } };
}

/** Claims and header as they are written, before anything is checked. */
function decodeUnverified(given: string): Record<string, unknown> {
  const [header = '', payload = ''] = given.split('.');
  try {
    const { kid = '' } = parsePart(header);
    const { UserID, PlatformID, iat, exp, jti = '' } = parsePart(payload);
    const at = (seconds: unknown) => `${formatInstant(Number(seconds) * 1000)} UTC`;
    const platform = `${PlatformID} ${platformName(Number(PlatformID))}`;
    return { userID: UserID, platform, jti, kid, issued: at(iat), expires: at(exp) };
  } catch {
    throw new UsageError('that is not a token');
  }
}

function parsePart(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

/** Empty if the token is right, otherwise why not. */
function verifyLocally(config: Config, given: string): string {
  if (config.signingKeys.length === 0 && findAdminSecret(config) === undefined) {
    throw new StartError('there are no keys to check it with: set TESSERA_SECRET or --data-dir to those of the server');
  }
  try {
    new TokenCodec(new SigningKeys(loadSecrets(config).signingKeys)).verify(given, Date.now());
    return '';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return `refused: ${error.code} ${error.message}`;
  }
}

/** Empty if the server accepts the token, otherwise why not. */
async function askServer(config: Config, values: Values, given: string): Promise<string> {
  try {
    await postPublic(config, text(values.url), '/auth/parse_token', { token: given });
    return '';
  } catch (error) {
    if (error instanceof ApiRefusal) return error.message;
    throw error;
  }
}

function readToken(values: Values): string {
  const given = required(values, 'token');
  return (given === '-' ? readFileSync(0, 'utf8') : given).trim();
}

function platformCalled(name: string): number {
  const id = platformIDs.find((each) => platformName(each).toLowerCase() === name.toLowerCase());
  if (id === undefined) throw new UsageError(`no such platform; there are ${platformIDs.map(platformName).join(', ')}`);
  return id;
}

function required(values: Values, name: string): string {
  const value = text(values[name]);
  if (value === '') throw new UsageError(`--${name} is missing`);
  return value;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
