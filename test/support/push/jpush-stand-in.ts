/**
 * JPush as its public documentation tells of it: Push API v3 with Basic authentication and its error codes. JPush's own
 * client was driven against it (vendor-clients.ts).
 */
import { type Answer, type Asked, HttpStandIn } from './http-stand-in.ts';

export class JpushStandIn extends HttpStandIn {
  readonly appKey = '7d431e42dfa6a6d693ac2d04';
  readonly masterSecret = '5e987ac6d2e04d95a9d8f0d1';
  /** Aliases that some device has taken; undefined: all. */
  aliases: ReadonlySet<string> | undefined;

  protected override isPush(): boolean {
    return true;
  }

  protected override async answer(asked: Asked): Promise<Answer> {
    return { ...this.#judge(asked), headers: limitHeaders };
  }

  #judge({ method, path, headers, body }: Asked): Answer {
    if (path !== '/v3/push' && path !== '/v3/push/validate') return failure(404, 1000, 'not found');
    if (method !== 'POST') return failure(405, 1001, 'only POST');
    const basic = Buffer.from(`${this.appKey}:${this.masterSecret}`).toString('base64');
    if (headers.authorization !== `Basic ${basic}`) return failure(401, 1004, 'authen failed');
    const push = JSON.parse(body);
    const { alias } = push.audience ?? {};
    if (push.platform === undefined || !Array.isArray(alias)) return failure(400, 1002, 'missing parameter');
    if (alias.length === 0 || alias.length > 1000) return failure(400, 1003, 'invalid alias');
    const { ios, android } = push.notification ?? {};
    if (typeof android?.alert !== 'string' || ios?.alert === undefined) return failure(400, 1003, 'no alert');
    if (ios.badge !== undefined && !/^[+-]?\d{1,5}$/.test(String(ios.badge))) return failure(400, 1003, 'badge');
    const { apns_production: isProduction, sendno = 0 } = push.options ?? {};
    if (!['boolean', 'undefined'].includes(typeof isProduction)) return failure(400, 1003, 'apns_production');
    if (this.aliases !== undefined && !alias.some((each: string) => this.aliases?.has(each))) {
      return failure(400, 1011, 'cannot find user by this audience');
    }
    return { status: 200, json: { sendno: String(sendno), msg_id: '18100287007833828' } };
  }
}

/** With every answer: calls of a minute, those that are left, and seconds until the next minute. */
const limitHeaders = { 'x-rate-limit-limit': '600', 'x-rate-limit-remaining': '599', 'x-rate-limit-reset': '17' };

export function failure(status: number, code: number, message: string): Answer {
  return { status, json: { error: { code, message } } };
}
