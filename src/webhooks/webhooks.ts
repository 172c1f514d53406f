/**
 * Asking the operator's receiver before something happens, and telling it afterwards (objects-push-webhooks chapter, 3).
 * Whoever asks holds no transaction meanwhile; what is told is written in the transaction of what happened.
 */
import type { Delivery, DeliveryEntry, DeliveryStore } from '../deliveries/delivery-store.ts';
import { DeliveryError } from '../deliveries/delivery-worker.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { errors, errorTable, ProtocolError } from '../protocol/errors.ts';
import { type HookName, hookTable } from './hook-table.ts';
import { type WebhookClient, WebhookFailure, type WebhookReply } from './webhook-client.ts';
import type { HookSetting, WebhookSettings } from './webhook-settings.ts';

export interface WebhooksOptions {
  readonly settings: WebhookSettings;
  readonly client: Pick<WebhookClient, 'send'>;
  readonly store: Pick<DeliveryStore, 'add'>;
  /** There is something to deliver. */
  readonly wake: () => void;
  readonly newID: () => string;
  /** Unix ms. */
  readonly now: () => number;
  readonly observer: WebhookObserver;
}

export interface WebhookObserver {
  /** @param seconds from the request to the answer */
  answered(command: string, result: 'continued' | 'refused' | 'unreachable' | 'invalid', seconds: number): void;
  /** @param isPassed a before-hook failed, and what it was asked about happens nevertheless */
  failed(command: string, failure: WebhookFailure, isPassed: boolean): void;
}

/** What is told afterwards, ready to be written. */
export interface Told {
  /** In order with everything else of the same key: a conversation ID, else a user or group. */
  readonly key: string;
  readonly operationID: string;
  readonly body: object;
  /** Value of `?key=`. */
  readonly addressing?: string;
}

export class Webhooks {
  readonly #options: WebhooksOptions;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** Undefined if the hook is off. */
  setting(name: HookName): HookSetting | undefined {
    return this.#options.settings.hooks.get(name);
  }

  /**
   * @returns the answer; undefined if the hook is off, or failed and lets pass
   * @throws the receiver's own code if it refuses; 90004, 90007 if it fails and `failedContinue` is off
   */
  async ask(
    name: HookName,
    { operationID }: Pick<CallContext, 'operationID'>,
    body: object,
  ): Promise<WebhookReply | undefined> {
    const reply = await this.consult(name, { operationID }, body);
    if (reply instanceof ProtocolError) throw reply;
    return reply;
  }

  /** {@link ask}. @returns the refusal instead of throwing it */
  async consult(
    name: HookName,
    { operationID }: Pick<CallContext, 'operationID'>,
    body: object,
  ): Promise<WebhookReply | ProtocolError | undefined> {
    const setting = this.setting(name);
    if (setting === undefined) return undefined;
    const { client, newID, observer } = this.#options;
    const { command } = hookTable[name];
    const begunAt = performance.now();
    const told = (result: 'continued' | 'refused' | 'unreachable' | 'invalid') =>
      observer.answered(command, result, (performance.now() - begunAt) / 1000);
    try {
      const reply = await client.send({
        command,
        operationID,
        id: newID(),
        body: JSON.stringify({ callbackCommand: command, ...body }),
        timeoutMs: setting.timeoutMs,
      });
      const refusal = refusalOf(reply);
      told(refusal === undefined ? 'continued' : 'refused');
      return refusal ?? reply;
    } catch (error) {
      if (!(error instanceof WebhookFailure)) throw error;
      told(error.kind);
      observer.failed(command, error, setting.failedContinue);
      if (setting.failedContinue) return undefined;
      throw error.kind === 'unreachable' ? errors.webhookUnreachable() : errors.webhookReplyInvalid();
    }
  }

  /** Written now, told once the transaction has committed. Does nothing if the hook is off. Call it late in it. */
  async tell(tx: Transaction, name: HookName, ...told: readonly Told[]): Promise<void> {
    if (this.setting(name) === undefined || told.length === 0) return;
    const entries = told.map((one) => this.entry(name, one));
    await this.#options.store.add(tx, entries, this.#options.now());
    tx.afterCommit(this.#options.wake);
  }

  /** For who writes it in a transaction of its own. */
  entry(name: HookName, { key, operationID, body, addressing }: Told): DeliveryEntry {
    const kept: KeptHook = { name, operationID, addressing, body };
    return { topic: 'webhooks', key, deliveryID: this.#options.newID(), payload: JSON.stringify(kept) };
  }

  /** The deliveries' handler. A hook that was switched off meanwhile is told nothing. @throws DeliveryError */
  async deliver(row: Delivery, signal: AbortSignal): Promise<void> {
    const { client, observer } = this.#options;
    const { name, operationID, addressing, body } = JSON.parse(row.payload) as KeptHook;
    const setting = this.setting(name);
    if (setting === undefined) return;
    const { command } = hookTable[name];
    const begunAt = performance.now();
    try {
      await client.send({
        command,
        operationID,
        id: row.deliveryID,
        body: JSON.stringify({ callbackCommand: command, ...body }),
        timeoutMs: setting.timeoutMs,
        isReplayed: row.isReplayed,
        signal,
        ...(addressing === undefined ? {} : { key: addressing }),
      });
      observer.answered(command, 'continued', (performance.now() - begunAt) / 1000);
    } catch (error) {
      if (!(error instanceof WebhookFailure)) throw error;
      observer.answered(command, error.kind, (performance.now() - begunAt) / 1000);
      if (!signal.aborted) observer.failed(command, error, false);
      throw new DeliveryError(error.message, error.retryAfterMs);
    }
  }
}

/** Which hook a row is of. */
export function hookIn({ payload }: Pick<Delivery, 'payload'>): HookName {
  return (JSON.parse(payload) as KeptHook).name;
}

interface KeptHook {
  readonly name: HookName;
  readonly operationID: string;
  readonly addressing: string | undefined;
  readonly body: object;
}

/**
 * A receiver says no by nextCode 1, whatever its actionCode. Its own code and text go to the caller, but those of 1 to 99,
 * which become 500, as do those of tokens, by which clients log their users out (T5); 0 would look like a success (3.1).
 */
function refusalOf({ nextCode, errCode, errMsg, errDlt }: WebhookReply): ProtocolError | undefined {
  if (nextCode !== 1) return undefined;
  const code = typeof errCode === 'number' && Number.isInteger(errCode) && errCode > 0 ? errCode : 0;
  const [message, detail] = [errMsg, errDlt].map((text) => (typeof text === 'string' ? text : ''));
  if (code === 0)
    return new ProtocolError({ ...errorTable.callback, errMsg: message || errorTable.callback.errMsg }, detail);
  if (code < 100 || (code >= 1500 && code < 1600))
    return errors.internal([message, detail].filter((text) => text !== '').join(' '));
  return new ProtocolError({ code, errMsg: message ?? '', retryable: false }, detail);
}
