/** `tessera token inspect`: what a token says, and whether it is accepted. The token may be anybody's work. */
import type { Config } from '../config/config.ts';
import { findSigningKeys } from '../config/secrets.ts';
import { StartError } from '../kernel/start-error.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { platformName } from '../protocol/numbers/platforms.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { type ApiAction, apiAddress, readToken, type Values } from './api-action.ts';
import { ApiRefusal, postPublic } from './api-client.ts';
import { UsageError } from './command.ts';
import { formatInstant, textTable } from './text-table.ts';

export const inspectToken: ApiAction = {
  name: 'inspect',
  flags: { token: { type: 'string' }, offline: { type: 'boolean' } },
  help: `Usage: tessera token inspect --token TOKEN|- [--offline] [flags]

Says what a token holds, whether this configuration's keys have signed it, and whether the server accepts it. The exit
code is 1 if it is not accepted.

  --token    the token, or - to read it from standard input, which keeps it out of the shell's history
  --offline  do not ask the server: no word about revocation then
`,
  run: async (config, values) => {
    const given = readToken(values);
    const claims = decodeUnverified(given);
    const local = await verifyLocally(config, given);
    const server = values.offline === true || local !== '' ? undefined : await askServer(config, values, given);
    const verdict = local || server || (server === undefined ? 'signature and times are right' : 'accepted');
    const isGood = local === '' && (server === undefined || server === '');
    return {
      data: { ...claims, isAccepted: isGood, verdict },
      text: `${claimTable(claims)}\n\n${verdict}`,
      exitCode: isGood ? 0 : 1,
    };
  },
};

/** Whatever the token has there, of any type, and undefined where it has nothing; times are Unix ms. */
interface Claims {
  readonly userID: unknown;
  readonly platformID: unknown;
  readonly jti: unknown;
  readonly kid: unknown;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

/** Claims and header as they are written, before anything is checked. @throws UsageError if they cannot be read */
function decodeUnverified(given: string): Claims {
  const [header = '', payload = ''] = given.split('.');
  try {
    const { kid } = parsePart(header);
    const { UserID: userID, PlatformID: platformID, jti, iat, exp } = parsePart(payload);
    return { userID, platformID, jti, kid, issuedAt: instantOf(iat), expiresAt: instantOf(exp) };
  } catch {
    throw new UsageError('that is not a token');
  }
}

function instantOf(seconds: unknown): number | undefined {
  return typeof seconds === 'number' ? seconds * 1000 : undefined;
}

function claimTable({ userID, platformID, jti, kid, issuedAt, expiresAt }: Claims): string {
  const time = (at: number | undefined) => (at === undefined ? '' : `${formatInstant(at)} UTC`);
  return textTable([
    ['userID', shown(userID)],
    ['platform', `${shown(platformID)} ${typeof platformID === 'number' ? platformName(platformID) : ''}`],
    ['jti', shown(jti)],
    ['kid', shown(kid)],
    ['issued', time(issuedAt)],
    ['expires', time(expiresAt)],
  ]);
}

function shown(claim: unknown): string {
  return typeof claim === 'string' ? claim : (JSON.stringify(claim) ?? '');
}

function parsePart(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

/** Empty if the token is right, otherwise why not. */
async function verifyLocally(config: Config, given: string): Promise<string> {
  const keys = findSigningKeys(config);
  if (keys === undefined) {
    throw new StartError('there are no keys to check it with: set TESSERA_SECRET or --data-dir to those of the server');
  }
  // Not above: the other commands answer without loading what reads tokens.
  const { TokenCodec } = await import('../tokens/claims.ts');
  try {
    new TokenCodec(new SigningKeys(keys)).verify(given, Date.now());
    return '';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return `refused: ${error.code} ${error.message}`;
  }
}

/** Empty if the server accepts the token, otherwise why not. */
async function askServer(config: Config, values: Values, given: string): Promise<string> {
  try {
    await postPublic(config, apiAddress(values), '/auth/parse_token', { token: given });
    return '';
  } catch (error) {
    if (error instanceof ApiRefusal) return error.message;
    throw error;
  }
}
