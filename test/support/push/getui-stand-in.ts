/** Getui as its public documentation tells of it: REST API v2 under the application's ID, with tokens for a day. */
import { createHash, randomUUID } from 'node:crypto';
import { type Answer, type Asked, HttpStandIn } from './http-stand-in.ts';

export class GetuiStandIn extends HttpStandIn {
  readonly appID = 'an-app';
  readonly appKey = 'an-app-key';
  readonly masterSecret = 'a-master-secret';
  /** Tokens that are taken. */
  readonly tokens = new Set<string>();
  readonly tasks = new Map<string, unknown>();
  logins = 0;

  get pushUrl(): string {
    return `${this.url}/v2/${this.appID}`;
  }

  protected override isPush({ path }: Asked): boolean {
    return !path.endsWith('/auth');
  }

  protected override async answer({ path, headers, body }: Asked): Promise<Answer> {
    const request = JSON.parse(body);
    const prefix = `/v2/${this.appID}`;
    if (path === `${prefix}/auth`) return this.#login(request);
    if (!this.tokens.has(String(headers.token))) return failure(401, 10_001, 'token is invalid');
    switch (path) {
      case `${prefix}/push/single/alias`:
        if (!/^[\w-]{10,32}$/.test(request.request_id ?? '')) return failure(400, 20_002, 'request_id');
        if (request.audience?.alias?.length !== 1) return failure(400, 20_002, 'alias');
        return this.#checked(request, { [request.request_id]: { [randomUUID()]: 'successed_offline' } });
      case `${prefix}/push/list/message`: {
        const taskid = `RASL_${randomUUID()}`;
        this.tasks.set(taskid, request);
        return this.#checked(request, { taskid });
      }
      case `${prefix}/push/list/alias`: {
        const { audience, taskid, is_async } = request;
        if (!this.tasks.has(taskid)) return failure(400, 20_002, 'taskid');
        if (!(audience?.alias?.length >= 1 && audience.alias.length <= 1000)) return failure(400, 20_002, 'alias');
        return { status: 200, json: { code: 0, msg: 'success', data: is_async === true ? { taskid } : {} } };
      }
      default:
        return failure(404, 404, 'not found');
    }
  }

  #login({ sign, timestamp, appkey }: Record<string, string>): Answer {
    const right = createHash('sha256').update(`${this.appKey}${timestamp}${this.masterSecret}`).digest('hex');
    if (appkey !== this.appKey || sign !== right) return failure(400, 20_003, 'sign error');
    this.logins++;
    const token = randomUUID();
    this.tokens.add(token);
    return { status: 200, json: { code: 0, msg: 'success', data: { expire_time: '1700000000000', token } } };
  }

  #checked({ push_message, push_channel }: Record<string, never>, data: object): Answer {
    const { notification } = (push_message ?? {}) as { notification?: Record<string, unknown> };
    if (typeof notification?.title !== 'string' || typeof notification.body !== 'string')
      return failure(400, 20_002, 'title');
    if (typeof notification.click_type !== 'string') return failure(400, 20_002, 'click_type');
    const { ios } = (push_channel ?? {}) as { ios?: { auto_badge?: unknown } };
    if (ios?.auto_badge !== undefined && !/^[+-]?\d+$/.test(String(ios.auto_badge)))
      return failure(400, 20_002, 'badge');
    return { status: 200, json: { code: 0, msg: 'success', data } };
  }
}

function failure(status: number, code: number, msg: string): Answer {
  return { status, json: { code, msg } };
}
