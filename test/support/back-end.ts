/** An application's back end as it talks to the server over REST. */
import { randomUUID } from 'node:crypto';
import { adminSecret } from './tessera-process.ts';

export interface Envelope {
  readonly errCode: number;
  readonly errMsg: string;
  readonly errDlt: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the endpoint answers
  readonly data?: any;
}

export class BackEnd {
  readonly #apiUrl: () => string;
  #adminToken = '';

  /** @param apiUrl a function, for the server may move between tests */
  constructor(apiUrl: () => string) {
    this.#apiUrl = apiUrl;
  }

  async post(path: string, body: unknown, token = this.#adminToken): Promise<Envelope> {
    const response = await fetch(`${this.#apiUrl()}${path}`, {
      method: 'POST',
      headers: { operationID: randomUUID(), token },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Envelope;
  }

  /** Like {@link post}, for calls that must succeed. @returns the envelope's data */
  async call(path: string, body: unknown): Promise<Envelope['data']> {
    if (this.#adminToken === '') await this.logIn();
    const envelope = await this.post(path, body);
    if (envelope.errCode !== 0) throw new Error(`${path} answered ${envelope.errCode} ${envelope.errDlt}`);
    return envelope.data;
  }

  async logIn(): Promise<void> {
    const { data } = await this.post('/auth/get_admin_token', { secret: adminSecret, userID: 'imAdmin' }, 'none');
    this.#adminToken = data.token;
  }

  /** Goes on with the other's login: one of its own would supersede that. */
  shareLogin(other: BackEnd): void {
    this.#adminToken = other.#adminToken;
  }

  async register(...userIDs: string[]): Promise<void> {
    await this.call('/user/user_register', { users: userIDs.map((userID) => ({ userID, nickname: userID })) });
  }

  async userToken(userID: string, platformID = 5): Promise<string> {
    const { token } = await this.call('/auth/get_user_token', { userID, platformID });
    return token;
  }
}
