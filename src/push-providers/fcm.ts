/** Firebase Cloud Messaging, HTTP v1: one message for each device, an access token of a service account for an hour. */
import { createSign } from 'node:crypto';
import { type PushContent, type PushOutcome, type PushProvider, type PushTarget, sent } from '../push/push-provider.ts';
import { AccessToken, type FetchedToken } from './access-token.ts';
import { inParallel } from './in-parallel.ts';
import { at, callJson, type JsonAnswer, reasonOf } from './json-call.ts';

/** What Firebase gives its customers as a file, as far as it is needed. */
export interface ServiceAccount {
  readonly project_id: string;
  readonly client_email: string;
  /** PEM */
  readonly private_key: string;
  readonly private_key_id?: string;
  /** Where access tokens are got. */
  readonly token_uri: string;
}

export interface FcmOptions {
  readonly account: ServiceAccount;
  /** `https://fcm.googleapis.com` */
  readonly url: string;
  /** Unix ms. */
  readonly now: () => number;
}

export class Fcm implements PushProvider {
  readonly name = 'fcm';
  readonly addresses = 'devices';
  readonly maxTargets = 100;
  readonly #options: FcmOptions;
  readonly #token: AccessToken;

  constructor(options: FcmOptions) {
    this.#options = options;
    this.#token = new AccessToken((signal) => this.#fetchToken(signal), options.now);
  }

  send(content: PushContent, targets: readonly PushTarget[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    return inParallel(targets, callsAtOnce, (target) => this.#sendOne(content, target, signal));
  }

  async check(signal: AbortSignal): Promise<string | undefined> {
    try {
      await this.#token.get(signal);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async close(): Promise<void> {}

  async #sendOne(content: PushContent, target: PushTarget, signal: AbortSignal): Promise<PushOutcome> {
    try {
      const token = await this.#token.get(signal);
      const answer = await this.#post(content, target, token, signal);
      if (!isTokenRefused(answer)) return outcomeOf(answer);
      // It was taken back before its time: once more with a new one.
      this.#token.drop(token);
      return outcomeOf(await this.#post(content, target, await this.#token.get(signal), signal));
    } catch (error) {
      const afterMs = error instanceof TokenError ? error.retryAfterMs : undefined;
      return { kind: 'later', reason: messageOf(error), ...(afterMs === undefined ? {} : { afterMs }) };
    }
  }

  #post(content: PushContent, target: PushTarget, token: string, signal: AbortSignal): Promise<JsonAnswer> {
    const { url, account } = this.#options;
    return callJson({
      url: `${url}/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`,
      headers: { authorization: `Bearer ${token}` },
      body: { message: messageFor(content, target) },
      timeoutMs: callTimeoutMs,
      signal,
    });
  }

  /** RFC 7523: an assertion signed with the account's key. */
  async #fetchToken(signal: AbortSignal): Promise<FetchedToken> {
    const { account, now } = this.#options;
    const { status, json, retryAfterMs } = await callJson({
      url: account.token_uri,
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertionOf(account, now()),
      }),
      timeoutMs: callTimeoutMs,
      signal,
    });
    const [value, seconds] = [at(json, 'access_token'), at(json, 'expires_in')];
    if (status !== 200 || typeof value !== 'string' || value === '') {
      throw new TokenError(`no access token (${status}${named(at(json, 'error'))})`, retryAfterMs);
    }
    const lifeMs = typeof seconds === 'number' ? seconds * 1000 : 0;
    // A call that is under way when it ends would be refused.
    return { value, renewAt: now() + Math.max(lifeMs / 2, lifeMs - renewBeforeMs) };
  }
}

class TokenError extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

const callsAtOnce = 50;
const callTimeoutMs = 10_000;
const renewBeforeMs = 300_000;
/** What Google asks for where it says nothing (429). */
const quotaWaitMs = 60_000;

function messageFor({ id, title, body, ex, sound }: PushContent, { device, badge }: PushTarget): object {
  return {
    token: device?.token ?? '',
    notification: { title, body },
    data: { ex },
    android: {
      priority: 'HIGH',
      notification: {
        tag: id,
        ...(sound === '' ? {} : { sound }),
        ...(badge === undefined ? {} : { notification_count: badge }),
      },
    },
    apns: {
      headers: { 'apns-priority': '10', 'apns-collapse-id': id },
      payload: { aps: { ...(sound === '' ? {} : { sound }), ...(badge === undefined ? {} : { badge }) } },
    },
  };
}

function outcomeOf({ status, json, retryAfterMs }: JsonAnswer): PushOutcome {
  if (status === 200) return sent;
  const code = errorCodeOf(json);
  if (code === 'UNREGISTERED' || namesToken(json)) return { kind: 'dead' };
  const reason = `${status}${named(code)}`;
  const isPassing = status === 429 || status >= 500 || status === 401 || status === 408;
  if (!isPassing) return { kind: 'refused', reason };
  const afterMs = retryAfterMs ?? (status === 429 ? quotaWaitMs : undefined);
  return { kind: 'later', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** The service's own code, or else that of Google's APIs. */
function errorCodeOf(json: unknown): unknown {
  const details = at(json, 'error', 'details');
  const codes = Array.isArray(details) ? details.map((detail: unknown) => at(detail, 'errorCode')) : [];
  return codes.find((code) => code !== undefined) ?? at(json, 'error', 'status');
}

/** INVALID_ARGUMENT is a dead device only where it is the token that is invalid. */
function namesToken(json: unknown): boolean {
  const details = at(json, 'error', 'details');
  if (!Array.isArray(details)) return false;
  const violations = details.flatMap((detail: unknown) => {
    const found = at(detail, 'fieldViolations');
    return Array.isArray(found) ? found : [];
  });
  return violations.some((violation: unknown) => at(violation, 'field') === 'message.token');
}

/** Not where it is Apple's credentials that Firebase holds which are refused. */
function isTokenRefused({ status, json }: JsonAnswer): boolean {
  return status === 401 && errorCodeOf(json) !== 'THIRD_PARTY_AUTH_ERROR';
}

function named(code: unknown): string {
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? ` ${code}` : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : reasonOf(error);
}

function assertionOf({ client_email, private_key, private_key_id, token_uri }: ServiceAccount, now: number): string {
  const seconds = Math.floor(now / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(private_key_id === undefined ? {} : { kid: private_key_id }) };
  const claims = { iss: client_email, scope, aud: token_uri, iat: seconds, exp: seconds + 3600 };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(private_key, 'base64url')}`;
}

const scope = 'https://www.googleapis.com/auth/firebase.messaging';
