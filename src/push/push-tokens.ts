/**
 * Which devices may be woken: applications register what a push service gave them, and it goes with the login by which
 * that was done. Protocol: rest-core.md 8, objects-push-webhooks.md 2.2 and 2.4.
 */
import { type CallContext, type Caller, requireAccess } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { isOurFault } from '../protocol/failure.ts';
import { isKnownPlatform, platformRange } from '../protocol/numbers/platforms.ts';
import { isPushProviderName, type PushProviderName } from '../protocol/numbers/push-providers.ts';
import type { CurrentLogin } from '../tokens/current-login.ts';
import type { UserStore } from '../users/user-store.ts';
import { type ApnsEnvironment, apnsEnvironments, type LoggedOutDevice, type PushToken } from './push-token.ts';
import type { BadgeStore, PushTokenStore } from './push-token-store.ts';

export interface PushTokensOptions {
  readonly store: PushTokenStore;
  readonly badges: BadgeStore;
  readonly users: Pick<UserStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  /** What a token's login is now. @throws 1506 if it has ended; the store's failure */
  readonly currentLogin: (token: Caller) => Promise<CurrentLogin>;
  /** Of tokens that do not say whose they are, by platform; the rest are FCM's. */
  readonly providers: ReadonlyMap<number, PushProviderName>;
  readonly limits: { readonly maxPushTokenBytes: number };
  /** Unix ms. */
  readonly now: () => number;
}

/** As an application registers it. Empty texts: as the server is set. */
export interface PushTokenRequest {
  readonly account: string;
  readonly platformID: number;
  readonly token: string;
  readonly provider: string;
  readonly topic: string;
  readonly environment: string;
  /** Seconds; 0 and less: it does not expire. */
  readonly expireTime: number;
}

export class PushTokens {
  readonly #options: PushTokensOptions;
  /** Logged out while the store failed. */
  #owed: LoggedOutDevice[] = [];

  constructor(options: PushTokensOptions) {
    this.#options = options;
  }

  /** @throws 1001 ill-formed or too long, 1002 somebody else's account, 1004 no such user, 1506 the login has just ended */
  async register(call: CallContext, request: PushTokenRequest): Promise<void> {
    const { limits, now } = this.#options;
    const { account: userID, platformID, token, topic, expireTime } = request;
    if (userID === '' || token === '') throw errors.args('account and fcmToken must not be empty');
    if (!isKnownPlatform(platformID)) throw errors.args(`platformID must be ${platformRange}`);
    requireWithin('fcmToken', token, limits.maxPushTokenBytes);
    const provider = this.#providerOf(request);
    const environment = environmentOf(request);
    requireAccess(call, userID);
    await this.#requireUser(userID);
    const registeredAt = now();
    const expiresAt = expireTime > 0 ? Math.min(registeredAt + expireTime * 1000, Number.MAX_SAFE_INTEGER) : 0;
    const device = { userID, platformID, provider, token, topic, environment, registeredAt, expiresAt };
    if (call.caller.userID === userID) await this.#putWithLogin(device, call.caller);
    else await this.#put({ ...device, jti: '', loginAt: 0 });
  }

  /** What happens to the login before its device is there can take nothing with it: it is looked at again afterwards. */
  async #putWithLogin(device: Omit<PushToken, keyof CurrentLogin>, caller: Caller): Promise<void> {
    const { store, unitOfWork } = this.#options;
    const { userID } = device;
    let login = (await this.#currentLogin(caller)) ?? { jti: caller.jti, loginAt: 0 };
    for (let isCurrent = false; !isCurrent; ) {
      const { jti } = login;
      await this.#put({ ...device, ...login });
      try {
        login = (await this.#currentLogin(caller)) ?? login;
      } catch (error) {
        await unitOfWork.transaction((tx) => store.endLogins(tx, [{ userID, jti }]));
        throw error;
      }
      isCurrent = login.jti === jti;
    }
  }

  /** Undefined while the store cannot say: whoever has been accepted meanwhile may register. @throws 1506 */
  async #currentLogin(caller: Caller): Promise<CurrentLogin | undefined> {
    try {
      return await this.#options.currentLogin(caller);
    } catch (error) {
      if (isOurFault(error)) return undefined;
      throw error;
    }
  }

  async #put(device: PushToken): Promise<void> {
    const { store, unitOfWork } = this.#options;
    await unitOfWork.transaction((tx) => store.put(tx, device));
  }

  /**
   * The device of a login is not to be woken any more: applications log out whatever they are answered.
   * @throws the store's failure; {@link settle} then tries again
   */
  async forget({ userID, platformID }: Pick<Caller, 'userID' | 'platformID'>): Promise<void> {
    const { store, now } = this.#options;
    const device = { userID, platformID, loggedOutAt: now() };
    try {
      await store.remove([device]);
    } catch (error) {
      if (this.#owed.length < maxOwed) this.#owed.push(device);
      throw error;
    }
  }

  /** Forgets what could not be forgotten before. To be called every second or so. @throws the store's failure */
  async settle(): Promise<void> {
    const owed = this.#owed;
    if (owed.length === 0) return;
    this.#owed = [];
    try {
      await this.#options.store.remove(owed);
    } catch (error) {
      this.#owed = [...owed, ...this.#owed];
      throw error;
    }
  }

  /** What an application shows on its icon. @throws 1001 ill-formed, 1002 somebody else's, 1004 no such user */
  async setBadge(call: CallContext, userID: string, count: number): Promise<void> {
    if (userID === '') throw errors.args('userID is empty');
    requireAccess(call, userID);
    await this.#requireUser(userID);
    await this.#options.badges.set(userID, count);
  }

  #providerOf({ provider, platformID }: PushTokenRequest): PushProviderName {
    if (provider === '') return this.#options.providers.get(platformID) ?? 'fcm';
    if (!isPushProviderName(provider)) throw errors.args('unknown provider');
    return provider;
  }

  /** @throws 1004 */
  async #requireUser(userID: string): Promise<void> {
    const [user] = await this.#options.users.find([userID]);
    if (user === undefined) throw errors.recordNotFound('user not found');
  }
}

/** Of whom there are more, only they themselves know that it has failed. */
const maxOwed = 10_000;

function environmentOf({ environment }: PushTokenRequest): ApnsEnvironment {
  const known = apnsEnvironments.find((each) => each === environment);
  if (known === undefined) throw errors.args('environment must be production or sandbox');
  return known;
}
