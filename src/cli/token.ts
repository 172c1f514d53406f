/** `tessera token`: tokens of a running server, issued, looked at and revoked by hand. */
import { parseDuration } from '../config/duration.ts';
import { findPlatform, platformIDs, platformName, platforms } from '../protocol/numbers/platforms.ts';
import { type ApiAction, apiAction, apiAddress, readToken, required, textOf, type Values } from './api-action.ts';
import { connectApi } from './api-client.ts';
import { commandWithActions, UsageError } from './command.ts';
import { formatInstant, textTable } from './text-table.ts';
import { inspectToken } from './token-inspect.ts';

export const token = commandWithActions({
  name: 'token',
  summary: 'issue, inspect, list and revoke tokens by hand',
  help: () => overview,
  actions: () => [issueToken, inspectToken, listTokens, revokeTokens].map(apiAction),
});

const overview = `Usage: tessera token issue | inspect | list | revoke [flags]

  issue     a token for a user's device, printed to the terminal
  inspect   what a token says, and whether it is accepted
  list      a user's tokens: where, since when, until when, in what state
  revoke    ends one token or a user's, and closes their sockets

They ask the running server, with the admin secret of this configuration.
tessera token <action> --help explains an action.
`;

const platformTexts = (ids: readonly number[]) => ids.map((id) => `${platformName(id)} (${id})`).join(', ');
/** Admin tokens have an endpoint of their own. */
const userPlatforms = platformTexts(platformIDs.filter((id) => id !== platforms.Admin));

const issueToken: ApiAction = {
  name: 'issue',
  flags: {
    user: { type: 'string' },
    platform: { type: 'string' },
    ttl: { type: 'string' },
    device: { type: 'string' },
  },
  help: `Usage: tessera token issue --user ID --platform NAME|NUMBER [--ttl 12h] [--device LABEL] [flags]

Issues a token as /auth/get_user_token does: sessions that the login policy leaves no room for are ended. Whoever reads
the output can act as the user.

  --user     the user's ID; must be registered
  --platform a name or its number: ${userPlatforms}
  --ttl      lifetime such as 12h; by default the configured one
  --device   a label for lists
`,
  run: async (config, values) => {
    const ttlMs = values.ttl === undefined ? 0 : (parseDuration(String(values.ttl)) ?? -1);
    if (ttlMs < 0 || ttlMs % 1000 !== 0) throw new UsageError('--ttl must be a duration of whole seconds such as 12h');
    const api = await connectApi(config, apiAddress(values));
    const issued = await api.post('/auth/get_user_token', {
      userID: required(values, 'user'),
      platformID: platformCalled(required(values, 'platform')),
      expireTimeSeconds: ttlMs / 1000,
      deviceName: textOf(values, 'device'),
    });
    const seconds = Number(issued.expireTimeSeconds);
    return {
      data: issued,
      text: `${issued.token}\n\nvalid for ${seconds} s, until ${formatInstant(Date.now() + seconds * 1000)} UTC`,
    };
  },
};

const listTokens: ApiAction = {
  name: 'list',
  flags: { user: { type: 'string' } },
  help: `Usage: tessera token list --user ID [flags]

Lists a user's tokens that have not expired, newest first, the ended ones too. Times are UTC.

  --user     the user's ID
`,
  run: async (config, values) => {
    const userID = required(values, 'user');
    const api = await connectApi(config, apiAddress(values));
    const tokens: ListedToken[] = [];
    for (let cursor = ''; ; ) {
      const page = await api.post('/auth/list_tokens', { userID, cursor, limit: 500 });
      tokens.push(...((page.tokens as ListedToken[] | null) ?? []));
      cursor = String(page.nextCursor);
      if (cursor === '') return { data: tokens, text: tokenTable(tokens) };
    }
  },
};

const revokeTokens: ApiAction = {
  name: 'revoke',
  flags: {
    user: { type: 'string' },
    jti: { type: 'string' },
    platform: { type: 'string' },
    all: { type: 'boolean' },
    token: { type: 'string' },
  },
  help: `Usage: tessera token revoke --token TOKEN|- [flags]
       tessera token revoke --user ID (--jti JTI | --platform NAME|NUMBER | --all) [flags]

Ends tokens: they answer 1506 from now on, and their sockets are closed.

  --token    this one; - reads it from standard input
  --user     the user's ID
  --jti      the user's token of this name, as \`tessera token list\` shows it
  --platform the user's tokens on this platform, a name or its number
  --all      all of the user's tokens
`,
  run: async (config, values) => {
    const request = revocation(values);
    const api = await connectApi(config, apiAddress(values));
    const answer = await api.post(request.path, request.body);
    return { data: answer, text: `${answer.revoked} revoked` };
  },
};

interface ListedToken {
  readonly jti: string;
  readonly platform: string;
  readonly deviceName: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly lastSeenAt: number;
  readonly state: string;
  readonly reason: string;
  /** Absent in the answer of an earlier server. */
  readonly isKeyRetired?: boolean;
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
    stateText(each),
  ]);
  return textTable([header, ...rows]);
}

function stateText({ state, reason, isKeyRetired = false }: ListedToken): string {
  const remarks = [reason, isKeyRetired ? 'key retired' : ''].filter((remark) => remark !== '');
  return remarks.length === 0 ? state : `${state} (${remarks.join(', ')})`;
}

function revocation(values: Values): { path: string; body: object } {
  if (values.token !== undefined) {
    const others = [values.user, values.jti, values.platform, values.all].filter((other) => other !== undefined);
    if (others.length > 0) throw new UsageError('--token says by itself whose and which it is: give nothing beside it');
    return { path: '/auth/revoke_token', body: { token: readToken(values) } };
  }
  const userID = required(values, 'user');
  const ways = [values.jti, values.platform, values.all].filter((way) => way !== undefined);
  if (ways.length !== 1) throw new UsageError('give one of --jti, --platform and --all');
  if (values.jti !== undefined) return { path: '/auth/revoke_token', body: { userID, jti: textOf(values, 'jti') } };
  const platformIDs = values.platform === undefined ? [] : [platformCalled(textOf(values, 'platform'))];
  return { path: '/auth/revoke_tokens', body: { userID, platformIDs } };
}

function platformCalled(name: string): number {
  const id = findPlatform(name);
  if (id === undefined) throw new UsageError(`no such platform; there are ${platformTexts(platformIDs)}`);
  return id;
}
