/** What goes with logins, played: what it heard, and failures as the test wishes. */
import type { LoginCutoff, LoginFollower, LoginName, Renewal } from '../../src/tokens/login-follower.ts';

export class HeardLogins implements LoginFollower {
  isFailing = false;
  readonly #heard: string[] = [];

  async endLogins(_: unknown, logins: readonly LoginName[]): Promise<void> {
    this.#hear(`ended ${inOrder(logins.map(({ jti }) => jti))}`);
  }

  async renewLogins(_: unknown, renewals: readonly Renewal[]): Promise<void> {
    this.#hear(`renewed ${inOrder(renewals.map(({ jti, successor }) => `${jti} as ${successor.jti}`))}`);
  }

  async cutOffLogins(_: unknown, { userID, platformID, notBefore, spares }: LoginCutoff): Promise<void> {
    this.#hear(`cut off ${userID}/${platformID} before ${notBefore}${spares === undefined ? '' : ` but ${spares}`}`);
  }

  /** What it heard since it was asked last. */
  take(): readonly string[] {
    return this.#heard.splice(0);
  }

  #hear(what: string): void {
    if (this.isFailing) throw new Error('it cannot follow');
    this.#heard.push(what);
  }
}

function inOrder(names: readonly string[]): string {
  return names.toSorted().join(' ');
}
