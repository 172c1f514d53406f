/** Tokens that are issued and ended all the time, through the balancer: which of them live is known from the answers. */
import { setTimeout as passed } from 'node:timers/promises';
import type { BackEnd, Envelope } from '../back-end.ts';

interface Known {
  readonly userID: string;
  readonly token: string;
  /** `ending` while an end is asked for: either answer is right. */
  state: 'live' | 'ending' | 'ended';
}

const everyMs = 150;

export class TokenTraffic {
  /** What must not happen. */
  readonly faults = new Set<string>();
  readonly #backEnd: BackEnd;
  readonly #userIDs: readonly string[];
  readonly #known: Known[] = [];
  #isOver = false;
  #running: Promise<void> | undefined;

  /** @param userIDs each gets one token */
  constructor(backEnd: BackEnd, userIDs: readonly string[]) {
    this.#backEnd = backEnd;
    this.#userIDs = userIDs;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  get counts(): { readonly issued: number; readonly ended: number } {
    return { issued: this.#known.length, ended: this.#known.filter(({ state }) => state === 'ended').length };
  }

  /** Every token, as a node says it. @returns false while that node cannot say it of all of them */
  async check(node: BackEnd, name: string): Promise<boolean> {
    let isSure = true;
    for (const known of this.#known) if (!(await this.#checkOne(known, node, name))) isSure = false;
    return isSure;
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#isOver; turn += 1) {
      const userID = this.#userIDs[turn];
      if (userID !== undefined) await this.#issue(userID);
      // Every other one is ended some turns later.
      const old = this.#known[turn - 4];
      if (old !== undefined && turn % 2 === 0) await this.#end(old);
      const one = this.#known[(turn * 7) % Math.max(1, this.#known.length)];
      if (one !== undefined) await this.#checkOne(one, this.#backEnd, 'the balancer');
      await passed(everyMs);
    }
  }

  async #issue(userID: string): Promise<void> {
    const reply = await this.#ask(this.#backEnd, '/auth/get_user_token', { userID, platformID: 5 });
    if (reply?.errCode === 0) this.#known.push({ userID, token: reply.data.token, state: 'live' });
    else this.#note(reply, `issuing a token for ${userID}`);
  }

  async #end(known: Known): Promise<void> {
    const { userID } = known;
    known.state = 'ending';
    const reply = await this.#ask(this.#backEnd, '/auth/force_logout', { userID, platformID: 5 });
    if (reply?.errCode === 0) known.state = 'ended';
    else this.#note(reply, `ending the token of ${userID}`);
  }

  /** @returns false if the node could not say */
  async #checkOne(known: Known, node: BackEnd, name: string): Promise<boolean> {
    const before = known.state;
    const reply = await node.post('/auth/parse_token', { token: known.token }).catch(() => undefined);
    if (reply === undefined) return false;
    const { errCode } = reply;
    if (before === 'ended' && errCode === 0) this.faults.add(`${name} accepted the dead token of ${known.userID}`);
    if (before === 'live' && known.state === 'live' && isDead(errCode)) {
      this.faults.add(`${name} refused the live token of ${known.userID} with ${errCode}`);
    }
    return errCode === 0 || isDead(errCode);
  }

  /** The admin's own token is a live one. */
  #note(reply: Envelope | undefined, doing: string): void {
    if (reply !== undefined && isDead(reply.errCode)) this.faults.add(`${doing} was refused with ${reply.errCode}`);
  }

  /** Undefined without an answer of a node. */
  #ask(backEnd: BackEnd, path: string, body: object): Promise<Envelope | undefined> {
    return backEnd.post(path, body).catch(() => undefined);
  }
}

function isDead(errCode: number): boolean {
  return errCode >= 1500 && errCode < 1600;
}
