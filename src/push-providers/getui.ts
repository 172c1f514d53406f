/** Getui, REST API v2: users by their alias, which is their ID. Protocol: objects-push-webhooks.md 2.5. */
import { createHash } from 'node:crypto';
import { type PushContent, type PushOutcome, type PushProvider, type PushTarget, sent } from '../push/push-provider.ts';
import { AccessToken, type FetchedToken } from './access-token.ts';
import { badgeFor } from './jpush.ts';
import { at, callJson, type JsonAnswer } from './json-call.ts';

export interface GetuiOptions {
  readonly appKey: string;
  readonly masterSecret: string;
  /** With the application's ID: `https://restapi.getui.com/v2/<appID>` */
  readonly url: string;
  /** What the Android application opens; empty: the application itself. */
  readonly intent: string;
  readonly channelID: string;
  readonly channelName: string;
  /** Unix ms. */
  readonly now: () => number;
}

export class Getui implements PushProvider {
  readonly name = 'getui';
  readonly addresses = 'users';
  readonly maxTargets = 999;
  readonly #options: GetuiOptions;
  readonly #token: AccessToken;

  constructor(options: GetuiOptions) {
    this.#options = options;
    this.#token = new AccessToken((signal) => this.#fetchToken(signal), options.now);
  }

  async send(
    content: PushContent,
    targets: readonly PushTarget[],
    signal: AbortSignal,
  ): Promise<readonly PushOutcome[]> {
    const outcome = await this.#send(content, targets, signal);
    return targets.map(() => outcome);
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

  async #send(content: PushContent, targets: readonly PushTarget[], signal: AbortSignal): Promise<PushOutcome> {
    const alias = targets.map(({ userID }) => userID);
    const message = this.#messageFor(content, badgeFor(targets));
    try {
      if (alias.length === 1) {
        const request = { request_id: requestID(content), audience: { alias }, ...message };
        return outcomeOf(await this.#call('/push/single/alias', request, signal));
      }
      const made = await this.#call('/push/list/message', { ...message, settings: { ttl: messageTtlMs } }, signal);
      const taskid = at(made.json, 'data', 'taskid');
      if (typeof taskid !== 'string') return outcomeOf(made);
      return outcomeOf(await this.#call('/push/list/alias', { audience: { alias }, taskid, is_async: true }, signal));
    } catch (error) {
      return { kind: 'later', reason: messageOf(error) };
    }
  }

  /** With a token; once more with a new one if that has ended. */
  async #call(path: string, body: object, signal: AbortSignal): Promise<JsonAnswer> {
    const attempt = async () => {
      const token = await this.#token.get(signal);
      const url = `${this.#options.url}${path}`;
      return { token, answer: await callJson({ url, headers: { token }, body, timeoutMs: callTimeoutMs, signal }) };
    };
    const { token, answer } = await attempt();
    if (codeOf(answer) !== tokenEnded) return answer;
    this.#token.drop(token);
    return (await attempt()).answer;
  }

  async #fetchToken(signal: AbortSignal): Promise<FetchedToken> {
    const { appKey, masterSecret, url, now } = this.#options;
    const timestamp = String(now());
    const sign = createHash('sha256').update(`${appKey}${timestamp}${masterSecret}`).digest('hex');
    const body = { sign, timestamp, appkey: appKey };
    const answer = await callJson({ url: `${url}/auth`, body, timeoutMs: callTimeoutMs, signal });
    const value = at(answer.json, 'data', 'token');
    if (typeof value !== 'string' || value === '') throw new Error(`no token (${answer.status} ${codeOf(answer)})`);
    return { value, renewAt: now() + tokenLifeMs };
  }

  #messageFor({ title, body }: PushContent, badge: number | string | undefined): object {
    const { channelID, channelName, intent } = this.#options;
    const autoBadge = badge === undefined ? {} : { auto_badge: String(badge) };
    const click = intent === '' ? { click_type: 'startapp' } : { click_type: 'intent', intent };
    const channel = {
      ...(channelID === '' ? {} : { channel_id: channelID }),
      ...(channelName === '' ? {} : { channel_name: channelName }),
    };
    const shown = { title, body, ...channel, click_type: 'startapp', category: 'CATEGORY_MESSAGE' };
    return {
      push_message: { notification: { ...shown, badge_add_num: '1' } },
      push_channel: {
        ios: { type: 'notify', aps: { sound: 'default', alert: { title, body } }, ...autoBadge },
        android: {
          ups: {
            notification: { title, body, ...click },
            options: {
              HW: { '/message/android/category': 'IM', '/message/android/notification/badge/add_num': 1 },
              XM: channelID === '' ? {} : { '/extra.channel_id': channelID },
              VV: { '/category': 'IM', '/classification': 1 },
            },
          },
        },
      },
    };
  }
}

const callTimeoutMs = 3000;
/** They promise a day. */
const tokenLifeMs = 23 * 3_600_000;
const messageTtlMs = 300_000;
const tokenEnded = 10_001;

/** 10 to 32 characters; the same of a repeat, which they leave out. */
function requestID({ id }: PushContent): string {
  return id.slice(0, 32).padEnd(10, '0');
}

function codeOf({ json }: JsonAnswer): number {
  return Number(at(json, 'code') ?? -1);
}

/**
 * Their codes: 0 done, 2 not started yet, 301 another address has the application, 10001 the token has ended, 10003 and 10005
 * too often, 20001 something of the request is wrong, or nobody has taken the alias.
 */
function outcomeOf(answer: JsonAnswer): PushOutcome {
  const { status, retryAfterMs } = answer;
  const code = codeOf(answer);
  if ((status === 200 && code === 0) || (code === 20_001 && at(answer.json, 'msg') === nobodyHasTheAlias)) return sent;
  const reason = `${status} ${code}`;
  const isTooOften = status === 403 || status === 429 || code === 10_003 || code === 10_005;
  const isPassing = isTooOften || status === 401 || status >= 500 || passingCodes.has(code);
  if (!isPassing) return { kind: 'refused', reason };
  const afterMs = retryAfterMs ?? (isTooOften ? limitWaitMs : undefined);
  return { kind: 'later', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

const nobodyHasTheAlias = 'target user is invalid';
/** Of those -1 is no code at all. */
const passingCodes: ReadonlySet<number> = new Set([-1, 2, 301, tokenEnded]);
const limitWaitMs = 60_000;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no answer';
}
