/** Settings that work but put tokens or secrets at risk. */
import { type Config, ConfigError } from '../../config/config.ts';
import { publishedDefault } from '../../config/secret-rules.ts';
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
  if (secret === publishedDefault) {
    return problem(
      subject,
      "is OpenIM's published default: anybody can make themselves an admin",
      'set a random one, such as `openssl rand -base64 32` prints',
    );
  }
  const bytes = Buffer.byteLength(secret);
  if (bytes < 16) {
    return problem(
      subject,
      `has only ${bytes} bytes: whoever has one token can find it by trying`,
      'set a random one of 32 bytes; with TESSERA_SIGNING_KEYS or `tessera keys rotate` first, nobody is logged out',
    );
  }
  if (bytes < goodKeyBytes && config.signingKeys.length === 0) {
    return advice(
      subject,
      `signs tokens with only ${bytes} bytes`,
      'make a signing key of its own: tessera keys rotate',
    );
  }
  return ok(subject, 'is long enough');
}

function checkSigningKeys({ signingKeys }: Config): Finding[] {
  const short = signingKeys.filter((key) => Buffer.byteLength(key) < goodKeyBytes);
  if (signingKeys.length === 0) return [];
  const subject = 'TESSERA_SIGNING_KEYS';
  if (signingKeys.includes(publishedDefault)) {
    return [
      problem(
        subject,
        "hold OpenIM's published default: anybody can sign tokens",
        'take it out once its tokens have gone',
      ),
    ];
  }
  if (short.length === 0) return [ok(subject, `${signingKeys.length} of good length`)];
  const remedy = 'put a random key of 32 bytes in front, and take the short ones out once their tokens have ended';
  return [advice(subject, `${short.length} of ${signingKeys.length} have less than ${goodKeyBytes} bytes`, remedy)];
}

function checkProxies({ trustedProxies, host }: Config): Finding[] {
  if (trustedProxies.length > 0 || isLoopback(host)) return [];
  const text = `is empty, and the server listens on ${host}: all clients that come through a proxy are throttled as one`;
  return [advice('TESSERA_TRUSTED_PROXIES', text, 'name the addresses of the proxies, if there are any')];
}

function checkDev({ dev }: Config): Finding[] {
  if (!dev) return [];
  return [advice('TESSERA_DEV', 'development mode is on: known secrets are accepted', 'leave it off in production')];
}

function checkOutage({ tokensWhenStoreDown, storeDownGraceMs }: Config): Finding[] {
  if (tokensWhenStoreDown === 'reject') return [];
  const text = `while the token store is away, revoked tokens are let in too, for up to ${storeDownGraceMs / 1000} s`;
  return [advice('TESSERA_TOKENS_WHEN_STORE_DOWN', text, 'reject, unless staying up matters more')];
}
