/** JPush (Jiguang), Push API v3: users by their alias, which is their ID. Protocol: objects-push-webhooks.md 2.5. */
import { type PushContent, type PushOutcome, type PushProvider, type PushTarget, sent } from '../push/push-provider.ts';
import { at, callJson, type JsonAnswer } from './json-call.ts';

export interface JpushOptions {
  readonly appKey: string;
  readonly masterSecret: string;
  /** `https://api.jpush.cn/v3/push` */
  readonly url: string;
  /** What the Android application opens. */
  readonly intent: string;
  /** Of the two services of Apple's. */
  readonly isProduction: boolean;
}

export class Jpush implements PushProvider {
  readonly name = 'jpush';
  readonly addresses = 'users';
  readonly maxTargets = 1000;
  readonly #options: JpushOptions;

  constructor(options: JpushOptions) {
    this.#options = options;
  }

  async send(
    content: PushContent,
    targets: readonly PushTarget[],
    signal: AbortSignal,
  ): Promise<readonly PushOutcome[]> {
    const outcome = await this.#push(this.#bodyFor(content, targets), '', signal);
    return targets.map(() => outcome);
  }

  /** Their own check of a push, which is not sent. An alias that nobody has taken is no fault of the credentials. */
  async check(signal: AbortSignal): Promise<string | undefined> {
    const content = { id: '', title: 'check', body: 'check', clientMsgID: '', ex: '', sound: '', operationID: '' };
    const outcome = await this.#push(this.#bodyFor(content, [{ userID: 'check' }]), '/validate', signal);
    return outcome.kind === 'later' || outcome.kind === 'refused' ? outcome.reason : undefined;
  }

  async close(): Promise<void> {}

  async #push(body: object, path: string, signal: AbortSignal): Promise<PushOutcome> {
    const { url, appKey, masterSecret } = this.#options;
    const authorization = `Basic ${Buffer.from(`${appKey}:${masterSecret}`).toString('base64')}`;
    try {
      const call = { url: `${url}${path}`, headers: { authorization }, body, timeoutMs: callTimeoutMs, signal };
      return outcomeOf(await callJson(call));
    } catch (error) {
      return { kind: 'later', reason: error instanceof Error ? error.message : 'no answer' };
    }
  }

  #bodyFor({ title, body, ex, clientMsgID, sound }: PushContent, targets: readonly PushTarget[]): object {
    const { intent, isProduction } = this.#options;
    const extras = { ex, ClientMsgID: clientMsgID };
    const badge = badgeFor(targets);
    return {
      platform: 'all',
      audience: { alias: targets.map(({ userID }) => userID) },
      notification: {
        android: { alert: body, title, extras, ...(intent === '' ? {} : { intent: { url: intent } }) },
        ios: {
          alert: { title, body },
          'mutable-content': true,
          extras,
          ...(sound === '' ? {} : { sound }),
          ...(badge === undefined ? {} : { badge }),
        },
      },
      message: { msg_content: body, title, extras },
      options: { apns_production: isProduction },
    };
  }
}

const callTimeoutMs = 5000;

/** The true number of a single user; of several at once, whose numbers differ, one more than before. */
export function badgeFor(targets: readonly PushTarget[]): number | string | undefined {
  const [first] = targets;
  if (first?.badge === undefined) return undefined;
  return targets.length === 1 ? first.badge : '+1';
}

/** Their codes: 1011 nobody has taken the alias, 2002 and 2003 too often, 1000 and 1030 their own fault. */
function outcomeOf({ status, json, retryAfterMs, limitResetMs }: JsonAnswer): PushOutcome {
  // The field is a text in their documentation, and a number in some of their answers.
  if (status === 200 && String(at(json, 'sendno') ?? '') !== '') return sent;
  const code = Number(at(json, 'error', 'code') ?? 0);
  if (code === nobodyHasTheAlias) return sent;
  const reason = code === 0 ? `${status}` : `${status} ${code}`;
  const isPassing = status === 401 || status === 429 || status >= 500 || passingCodes.has(code) || status === 200;
  if (!isPassing) return { kind: 'refused', reason };
  const isTooOften = status === 429 || code === 2002 || code === 2003;
  const waitMs = (isTooOften ? limitResetMs : undefined) ?? limitWaitMs;
  const afterMs = retryAfterMs ?? (isTooOften || passingCodes.has(code) ? waitMs : undefined);
  return { kind: 'later', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

const nobodyHasTheAlias = 1011;
const passingCodes: ReadonlySet<number> = new Set([1000, 1030, 2002, 2003]);
/** Their limits are by the minute. */
const limitWaitMs = 60_000;
