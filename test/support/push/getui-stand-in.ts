/**
 * Getui as its public documentation tells of it: REST API v2 under the application's ID, with tokens for a day. Getui's own
 * client was driven against it (vendor-clients.ts).
 */
import { createHash, randomUUID } from 'node:crypto';
import { type Answer, type Asked, HttpStandIn } from './http-stand-in.ts';

export class GetuiStandIn extends HttpStandIn {
  readonly appID = 'an-app';
  readonly appKey = 'an-app-key';
  readonly masterSecret = 'a-master-secret';
  /** Tokens that are taken. */
  readonly tokens = new Set<string>();
  readonly tasks = new Map<string, unknown>();
  /** Aliases that some device has taken; undefined: all. */
  aliases: ReadonlySet<string> | undefined;
  logins = 0;

  get pushUrl(): string {
    return `${this.url}/v2/${this.appID}`;
  }

  protected override isPush({ path }: Asked): boolean {
    return !path.endsWith('/auth');
  }

  protected override async answer({ method, path, headers, body }: Asked): Promise<Answer> {
    const prefix = `/v2/${this.appID}`;
    if (!path.startsWith(`${prefix}/`)) return failure(404, 404, 'not found');
    if (method !== 'POST') return failure(405, 405, 'method not allowed');
    const request = JSON.parse(body);
    if (path === `${prefix}/auth`) return this.#login(request);
    if (!this.tokens.has(String(headers.token))) return failure(401, 10_001, 'token is invalid');
    const alias: readonly string[] = request.audience?.alias ?? [];
    if (new Set(alias).size < alias.length) return invalid('contains duplicate alias');
    const known = alias.filter((each) => this.aliases?.has(each) ?? true);
    switch (path) {
      case `${prefix}/push/single/alias`:
        if (!/^[\w-]{10,32}$/.test(request.request_id ?? '')) return invalid('request_id is invalid');
        if (alias.length !== 1) return invalid('alias is invalid');
        if (known.length === 0) return invalid('target user is invalid');
        return this.#checked(request, pushed(`RASS_${randomUUID()}`, known));
      case `${prefix}/push/list/message`: {
        const taskid = `RASL_${randomUUID()}`;
        this.tasks.set(taskid, request);
        return this.#checked(request, { taskid });
      }
      case `${prefix}/push/list/alias`: {
        const { taskid, is_async } = request;
        if (!this.tasks.has(taskid)) return invalid('taskid is invalid');
        if (alias.length < 1 || alias.length > 1000) return invalid('alias is invalid');
        return success(is_async === true ? {} : pushed(taskid, known));
      }
      default:
        return failure(404, 404, 'not found');
    }
  }

  #login({ sign, timestamp, appkey }: Record<string, string>): Answer {
    const right = createHash('sha256').update(`${this.appKey}${timestamp}${this.masterSecret}`).digest('hex');
    if (appkey !== this.appKey || sign !== right) return invalid('sign is invalid');
    this.logins++;
    const token = randomUUID();
    this.tokens.add(token);
    return success({ expire_time: String(Date.now() + dayMs), token });
  }

  #checked({ push_message, push_channel }: Record<string, never>, data: object): Answer {
    const { notification } = (push_message ?? {}) as { notification?: Record<string, unknown> };
    if (typeof notification?.title !== 'string' || typeof notification.body !== 'string') {
      return invalid('title can not be empty');
    }
    if (typeof notification.click_type !== 'string') return invalid('click_type can not be empty');
    const { ios } = (push_channel ?? {}) as { ios?: { auto_badge?: unknown } };
    if (ios?.auto_badge !== undefined && !/^[+-]?\d+$/.test(String(ios.auto_badge))) {
      return invalid('auto_badge is invalid');
    }
    return success(data);
  }
}

const dayMs = 24 * 3_600_000;

/** By task, what became of each device. */
function pushed(taskid: string, alias: readonly string[]): object {
  return { [taskid]: Object.fromEntries(alias.map(() => [randomUUID(), 'successed_offline'])) };
}

function success(data: object): Answer {
  return { status: 200, json: { code: 0, msg: 'success', data } };
}

/** One code for all that is wrong with a request; only the message tells that nobody has the alias. */
function invalid(msg: string): Answer {
  return failure(400, 20_001, msg);
}

function failure(status: number, code: number, msg: string): Answer {
  return { status, json: { code, msg } };
}
