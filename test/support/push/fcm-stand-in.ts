/**
 * Firebase as its public documentation tells of it: access tokens for signed assertions (RFC 7523), and
 * `projects.messages:send` of HTTP v1 with Google's error answers. Refuses fields that the message does not have.
 */
import { randomUUID } from 'node:crypto';
import { importSPKI, jwtVerify } from 'jose';
import { type Answer, type Asked, HttpStandIn } from './http-stand-in.ts';
import { rsaKeys } from './push-keys.ts';

export class FcmStandIn extends HttpStandIn {
  readonly projectID = 'a-project';
  readonly clientEmail = 'push@a-project.iam.example';
  /** Tokens of devices that have gone. */
  readonly gone = new Set<string>();
  /** Access tokens that are taken. */
  readonly accessTokens = new Set<string>();
  /** How often one was got. */
  logins = 0;
  expiresIn = 3599;

  /** What an operator downloads. */
  get account() {
    return {
      type: 'service_account',
      project_id: this.projectID,
      private_key_id: 'k1',
      private_key: rsaKeys.privateKey,
      client_email: this.clientEmail,
      token_uri: `${this.url}/token`,
    };
  }

  protected override isPush({ path }: Asked): boolean {
    return path !== '/token';
  }

  protected override answer(asked: Asked): Promise<Answer> {
    return asked.path === '/token' ? this.#token(asked) : this.#send(asked);
  }

  async #token({ body }: Asked): Promise<Answer> {
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      return { status: 400, json: { error: 'unsupported_grant_type' } };
    }
    try {
      const { payload } = await jwtVerify(form.get('assertion') ?? '', await importSPKI(rsaKeys.publicKey, 'RS256'), {
        issuer: this.clientEmail,
        // Google takes its own address in whatever way it was reached.
        audience: [`${this.url}/token`, 'https://oauth2.googleapis.com/token'],
        requiredClaims: ['iat', 'exp', 'scope'],
      });
      if (`${payload.scope}`.split(' ').every((each) => !knownScopes.has(each))) throw new Error('no scope');
    } catch {
      return { status: 400, json: { error: 'invalid_grant', error_description: 'Invalid JWT' } };
    }
    this.logins++;
    const token = `ya29.${randomUUID()}`;
    this.accessTokens.add(token);
    return { status: 200, json: { access_token: token, expires_in: this.expiresIn, token_type: 'Bearer' } };
  }

  async #send({ path, headers, body }: Asked): Promise<Answer> {
    if (!this.accessTokens.has(headers.authorization?.replace(/^Bearer /, '') ?? '')) {
      return googleError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
    }
    if (path !== `/v1/projects/${this.projectID}/messages:send`) {
      return googleError(403, 'PERMISSION_DENIED', 'no permission on the project', [fcmError('SENDER_ID_MISMATCH')]);
    }
    const { message } = JSON.parse(body);
    const faults = faultsOf(message);
    if (faults.length > 0) return googleError(400, 'INVALID_ARGUMENT', 'invalid', [badRequest(faults)]);
    if (this.gone.has(message.token)) {
      return googleError(404, 'NOT_FOUND', 'Requested entity was not found.', [fcmError('UNREGISTERED')]);
    }
    return { status: 200, json: { name: `projects/${this.projectID}/messages/${randomUUID()}` } };
  }
}

const knownScopes: ReadonlySet<string> = new Set([
  'https://www.googleapis.com/auth/firebase.messaging',
  'https://www.googleapis.com/auth/cloud-platform',
]);

export function googleError(status: number, name: string, message: string, details: readonly object[] = []): Answer {
  return { status, json: { error: { code: status, message, status: name, details } } };
}

export function fcmError(errorCode: string): object {
  return { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode };
}

function badRequest(fields: readonly string[]): object {
  const fieldViolations = fields.map((field) => ({ field, description: 'invalid' }));
  return { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations };
}

/** Of each object of a message what it may hold, and of what kind. */
const shape: Readonly<Record<string, Readonly<Record<string, 'string' | 'object' | 'number'>>>> = {
  message: { token: 'string', notification: 'object', data: 'object', android: 'object', apns: 'object' },
  'message.notification': { title: 'string', body: 'string', image: 'string' },
  'message.android': { priority: 'string', notification: 'object', collapse_key: 'string', ttl: 'string' },
  'message.android.notification': {
    tag: 'string',
    sound: 'string',
    notification_count: 'number',
    channel_id: 'string',
  },
  'message.apns': { headers: 'object', payload: 'object' },
};

function faultsOf(message: Record<string, unknown>): string[] {
  const faults: string[] = [];
  const look = (path: string, value: unknown) => {
    const known = shape[path];
    if (known === undefined || typeof value !== 'object' || value === null) return;
    for (const [key, field] of Object.entries(value)) {
      if (typeof field !== known[key]) faults.push(`${path}.${key}`);
      look(`${path}.${key}`, field);
    }
  };
  look('message', message);
  for (const [key, value] of Object.entries(message.data ?? {})) {
    if (typeof value !== 'string') faults.push(`message.data[${key}]`);
  }
  if (typeof message.token !== 'string' || !/^[\w:-]+$/.test(message.token)) faults.push('message.token');
  return faults;
}
