/** An operator's push to the devices of one user, at once and without a message. */
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import type { PushOutcome, PushProvider, PushTarget } from './push-provider.ts';
import type { PushTokenStore } from './push-token-store.ts';

export interface PushTestOptions {
  readonly providers: ReadonlyMap<PushProviderName, PushProvider>;
  readonly tokens: Pick<PushTokenStore, 'of'>;
  readonly newID: () => string;
  /** Unix ms. */
  readonly now: () => number;
}

/** What a service said of one device, or of the user where it knows users. */
export interface PushTestResult {
  readonly provider: PushProviderName;
  /** 0: the user, whichever devices there are. */
  readonly platformID: number;
  readonly outcome: PushOutcome;
}

export class PushTest {
  readonly #options: PushTestOptions;

  constructor(options: PushTestOptions) {
    this.#options = options;
  }

  /**
   * Nothing is tried again, and no device is forgotten by it.
   * @returns empty if no service is configured that could wake the user
   * @throws 1001 ill-formed, 1002 not an admin
   */
  async send(
    call: CallContext,
    { userID, title, body }: { readonly userID: string; readonly title: string; readonly body: string },
  ): Promise<readonly PushTestResult[]> {
    if (userID === '') throw errors.args('userID is empty');
    requireAdmin(call);
    const { providers, tokens, now, newID } = this.#options;
    const devices = await tokens.of([userID], now());
    const { operationID } = call;
    const content = { id: newID(), title, body: body || title, clientMsgID: '', ex: '', sound: '', operationID };
    const limit = AbortSignal.timeout(limitMs);
    const results = [...providers.values()].map(async (provider) => {
      const targets: PushTarget[] =
        provider.addresses === 'users'
          ? [{ userID }]
          : devices.filter(({ provider: name }) => name === provider.name).map((device) => ({ userID, device }));
      const outcomes = targets.length === 0 ? [] : await provider.send(content, targets, limit);
      return outcomes.map((outcome, index) => ({
        provider: provider.name,
        platformID: targets[index]?.device?.platformID ?? 0,
        outcome,
      }));
    });
    return (await Promise.all(results)).flat();
  }
}

const limitMs = 20_000;
