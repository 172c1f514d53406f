/** What is told and could not be, as operators see and mend it: docs/webhooks.md. */
import type { DeliveryStore, ParkedDelivery } from '../deliveries/delivery-store.ts';
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { type HookName, hookTable } from './hook-table.ts';
import type { WebhookSettings } from './webhook-settings.ts';
import { hookIn } from './webhooks.ts';

export interface WebhookDeliveriesOptions {
  readonly settings: WebhookSettings;
  readonly store: Pick<DeliveryStore, 'counts' | 'parked' | 'replay' | 'drop'>;
  /** There is something to deliver. */
  readonly wake: () => void;
  /** Unix ms. */
  readonly now: () => number;
}

export interface WebhookState {
  /** Those that are on. */
  readonly hooks: readonly {
    readonly name: HookName;
    readonly command: string;
    readonly timeoutMs: number;
    readonly failedContinue: boolean;
  }[];
  readonly waiting: number;
  readonly parked: number;
  /** Of the oldest one that waits, Unix ms; 0 if none does. */
  readonly oldestAt: number;
}

/** Never its body, which is what users have said. */
export type ParkedHook = Omit<ParkedDelivery, 'topic' | 'payload' | 'isReplayed'> & { readonly command: string };

export class WebhookDeliveries {
  readonly #options: WebhookDeliveriesOptions;

  constructor(options: WebhookDeliveriesOptions) {
    this.#options = options;
  }

  /** @throws 1002 not an admin */
  async state(call: CallContext): Promise<WebhookState> {
    requireAdmin(call);
    const { settings, store } = this.#options;
    const { waiting, parked, oldestAt = 0 } = await store.counts('webhooks');
    const hooks = [...settings.hooks].map(([name, { timeoutMs, failedContinue }]) => ({
      name,
      command: hookTable[name].command,
      timeoutMs,
      failedContinue,
    }));
    return { hooks, waiting, parked, oldestAt };
  }

  /** Parked ones with a higher ID than `after`, ascending. @throws 1001 limit out of range, 1002 not an admin */
  async parked(call: CallContext, after: number, limit: number): Promise<readonly ParkedHook[]> {
    requireAdmin(call);
    if (limit < 0 || limit > maxPage) throw errors.args(`limit must be 1 to ${maxPage}`);
    const rows = await this.#options.store.parked('webhooks', after, limit === 0 ? maxPage : limit);
    return rows.map(({ topic: _topic, payload, isReplayed: _isReplayed, ...row }) => ({
      ...row,
      command: hookTable[hookIn({ payload })]?.command ?? '',
    }));
  }

  /** They are told again, marked. @param ids empty: all. @returns how many @throws 1001 too many, 1002 not an admin */
  async replay(call: CallContext, ids: readonly number[]): Promise<number> {
    const { store, now, wake } = this.#options;
    const count = await this.#each(call, ids, (some) => store.replay('webhooks', some, now()));
    wake();
    return count;
  }

  /** They are told never. @param ids empty: all. @returns how many @throws 1001 too many, 1002 not an admin */
  async drop(call: CallContext, ids: readonly number[]): Promise<number> {
    return this.#each(call, ids, (some) => this.#options.store.drop('webhooks', some));
  }

  async #each(call: CallContext, ids: readonly number[], act: (ids: readonly number[]) => Promise<number>) {
    requireAdmin(call);
    if (ids.length > maxPage) throw errors.args(`more than ${maxPage} ids`);
    if (ids.length > 0) return act(ids);
    let count = 0;
    for (let after = 0; ; ) {
      const page = (await this.#options.store.parked('webhooks', after, maxPage)).map(({ id }) => id);
      const last = page.at(-1);
      if (last === undefined) return count;
      count += await act(page);
      // One that is parked again meanwhile comes not again.
      after = last;
    }
  }
}

const maxPage = 1000;
