/** Settings that work but put tokens or secrets at risk. */
import { type Config, ConfigError } from '../../config/config.ts';
import { guessableBecause, secretDoubt } from '../../config/secret-rules.ts';
import { findAdminSecret } from '../../config/secrets.ts';
import { isLoopback } from '../loopback.ts';
import { advice, type Finding, ok, problem } from './finding.ts';

/** What RFC 7518 asks of a key for HS256. */
const goodKeyBytes = 32;

export function checkSettings(config: Config): Finding[] {
  return [
    checkSecret(config),
    ...checkSigningKeys(config),
    ...checkProxies(config),
    ...checkDev(config),
    ...checkOutage(config),
  ];
}

function checkSecret(config: Config): Finding {
  const subject = 'TESSERA_SECRET';
  let secret: string | undefined;
  try {
    secret = findAdminSecret(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return problem(
      subject,
      error.message,
      'mend that; or set a random one, or delete the file to have one made; see docs/keys.md',
    );
  }
  if (secret === undefined) {
    return advice(subject, 'is not set, and the data directory has none yet', 'none needed: the first start makes one');
  }
  const remedy =
    'set a random one, such as `openssl rand -base64 32` prints; docs/keys.md says how nobody is logged out';
  const weakness = guessableBecause(secret);
  if (weakness !== undefined) return problem(subject, `${weakness}: whoever guesses it is an admin`, remedy);
  const doubt = secretDoubt(secret);
  if (doubt !== undefined) return advice(subject, doubt, remedy);
  const bytes = Buffer.byteLength(secret);
  if (config.openimTokens === 'mirror' && bytes < goodKeyBytes) {
    const text = `signs tokens while TESSERA_OPENIM_TOKENS is mirror, with only ${bytes} bytes: it can be guessed from any`;
    return advice(subject, text, 'end the mirroring when OpenIM is gone, then set another');
  }
  return ok(subject, 'is not to be guessed');
}

function checkSigningKeys({ signingKeys }: Config): Finding[] {
  if (signingKeys.length === 0) return [];
  const subject = 'TESSERA_SIGNING_KEYS';
  const remedy = 'put a random key of 32 bytes in front, and take the others out once their tokens have ended';
  const [signing = ''] = signingKeys;
  const weakness = guessableBecause(signing);
  if (weakness !== undefined)
    return [problem(subject, `the one that signs ${weakness}: anybody can sign tokens`, remedy)];
  const short = signingKeys.filter((key) => Buffer.byteLength(key) < goodKeyBytes);
  if (short.length === 0) return [ok(subject, `${signingKeys.length} of good length`)];
  return [advice(subject, `${short.length} of ${signingKeys.length} have less than ${goodKeyBytes} bytes`, remedy)];
}

function checkProxies({ trustedProxies, host }: Config): Finding[] {
  if (trustedProxies.length > 0 || isLoopback(host)) return [];
  const text = `is empty, and the server listens on ${host}: all clients that come through a proxy are throttled as one`;
  return [advice('TESSERA_TRUSTED_PROXIES', text, 'name the addresses of the proxies, if there are any')];
}

function checkDev({ dev }: Config): Finding[] {
  if (!dev) return [];
  return [advice('TESSERA_DEV', 'development mode is on: any secret is accepted', 'leave it off in production')];
}

function checkOutage({ tokensWhenStoreDown, storeDownGraceMs }: Config): Finding[] {
  if (tokensWhenStoreDown === 'reject') return [];
  const text = `while the token store is away, revoked tokens are let in too, for up to ${storeDownGraceMs / 1000} s`;
  return [advice('TESSERA_TOKENS_WHEN_STORE_DOWN', text, 'reject, unless staying up matters more')];
}
