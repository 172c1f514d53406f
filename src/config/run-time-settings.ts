/**
 * Settings that admins change while the server runs. They are kept in the database, go before all other sources, and
 * reach every node within some seconds. Only options that are declared so may be set; each change is judged with all
 * other settings, as at a start, and noted with who made it.
 */
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { type Config, ConfigError, configOf, type Origin, valueFault } from './config.ts';
import { type OptionInfo, type OptionKey, type Options, optionInfos } from './options.ts';
import type { SettingChange, SettingsStore, StoredSettings } from './settings-store.ts';

export interface RunTimeSettingsOptions {
  /** As the sources of this process have it. */
  readonly base: Origin;
  readonly store: SettingsStore;
  readonly unitOfWork: UnitOfWork;
  /** Has the server go by what holds from now on. */
  readonly apply: (config: Config) => void;
  /** Where this process runs, and of which version it is. */
  readonly place: Place;
  /** Unix ms. */
  readonly now: () => number;
  readonly observer: RunTimeSettingsObserver;
}

export interface RunTimeSettingsObserver {
  /** @param keys of settings that hold another value now */
  changed(version: number, keys: readonly string[]): void;
  /** What was set once does not fit this version or the other settings: it is left out. */
  leftOut(key: string, problem: string): void;
  /** Whether something has changed could not be asked; the values that hold stay. */
  failed(error: unknown): void;
}

export interface Place {
  readonly environment: 'kubernetes' | 'docker' | 'source';
  readonly version: string;
}

export type SettingSource = 'default' | 'file' | 'environment' | 'flag' | 'run time';

export interface SettingReport {
  readonly key: OptionKey;
  /** JSON of what holds; of a secret, `"***"` if it is set. */
  readonly value: string;
  readonly source: SettingSource;
  readonly isAtRunTime: boolean;
  readonly isSecret: boolean;
}

export interface SettingsReport {
  readonly version: number;
  readonly isEnabled: boolean;
  readonly settings: readonly SettingReport[];
}

export class RunTimeSettings implements AsyncDisposable {
  readonly #options: RunTimeSettingsOptions;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();
  #held: Held;

  constructor(options: RunTimeSettingsOptions) {
    this.#options = options;
    this.#held = {
      version: -1,
      isEnabled: true,
      values: new Map(),
      changes: {},
      settings: options.base.settings,
    };
  }

  /** Takes what is stored, and from then on what other nodes store. @throws the store's failure */
  async start(): Promise<void> {
    await this.#take();
    const { observer } = this.#options;
    this.#timer = setInterval(() => {
      this.#look = this.#look.then(() => this.#takeIfNew()).catch((error) => observer.failed(error));
    }, lookEveryMs).unref();
  }

  /** @throws 1002 */
  place(call: CallContext): Place {
    requireAdmin(call);
    return this.#options.place;
  }

  /** Every setting with what holds and where it comes from, in the order of their declaration. @throws 1002 */
  async report(call: CallContext): Promise<SettingsReport> {
    requireAdmin(call);
    await this.#takeIfNew();
    const { version, isEnabled, changes, settings } = this.#held;
    const { sources } = this.#options.base;
    return {
      version,
      isEnabled,
      settings: optionInfos.map((info) => ({
        key: info.key,
        value: JSON.stringify(shown(info, settings[info.key])),
        source: info.key in changes ? 'run time' : sources[info.key],
        isAtRunTime: info.atRunTime === true,
        isSecret: info.isSecret === true,
      })),
    };
  }

  /**
   * Sets some, if nobody has since that version.
   * @param values by key; null: as the other sources have it again. What is as it is already is no change
   * @throws 1002 not an admin; 1001 another version, no such setting, one that needs a restart, a value that does not fit
   */
  async set(call: CallContext, version: number, values: ReadonlyMap<string, unknown>): Promise<void> {
    requireAdmin(call);
    await this.#takeIfNew();
    const puts = new Map([...values].flatMap(([key, value]) => this.#toPut(key, value)));
    if (puts.size === 0) return;
    await this.#change(call, version, async (before) => {
      if (!before.isEnabled) throw errors.args('settings of run time are disabled: set_enable_config_manager');
      this.#configWith(merged(before.values, puts));
      return puts;
    });
  }

  /** Forgets all that were set. @throws 1002 */
  async reset(call: CallContext): Promise<void> {
    requireAdmin(call);
    const { version } = await this.#options.store.state();
    await this.#change(call, version, async ({ values }) => new Map([...values.keys()].map((key) => [key, undefined])));
  }

  /** Whether what was set holds; it is kept either way. @throws 1002 */
  async enable(call: CallContext, isEnabled: boolean): Promise<void> {
    requireAdmin(call);
    const { store } = this.#options;
    const { version } = await store.state();
    await this.#change(call, version, async () => new Map(), isEnabled);
  }

  /** @throws 1002 */
  async isEnabled(call: CallContext): Promise<boolean> {
    requireAdmin(call);
    return (await this.#options.store.state()).isEnabled;
  }

  /** Who has set what, the newest first. @throws 1002 */
  async changes(call: CallContext): Promise<readonly SettingChange[]> {
    requireAdmin(call);
    return this.#options.store.changes(keptChanges);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
  }

  /** @returns nothing if it is so already. @throws 1001 */
  #toPut(key: string, value: unknown): [OptionKey, string | undefined][] {
    const info = optionInfos.find((candidate) => candidate.key === key);
    if (info === undefined) throw errors.args('there is no such setting');
    const now = this.#held.settings[info.key];
    if (isSame(value, shown(info, now))) return [];
    if (info.atRunTime !== true) throw errors.args(`${info.key} needs a restart: set ${info.env}`);
    if (value === null) return info.key in this.#held.changes ? [[info.key, undefined]] : [];
    const fault = valueFault(info, value);
    if (fault !== undefined) throw errors.args(`${info.key} ${fault}`);
    return [[info.key, JSON.stringify(value)]];
  }

  async #change(
    call: CallContext,
    version: number,
    decide: (before: StoredSettings) => Promise<ReadonlyMap<string, string | undefined>>,
    isEnabled?: boolean,
  ): Promise<void> {
    const { store, unitOfWork, now } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const before = await store.advance(tx, version);
      if (before === undefined) throw otherVersion();
      const puts = await decide(before);
      await store.put(tx, puts);
      if (isEnabled !== undefined) await store.enable(tx, isEnabled);
      const by = { version: version + 1, at: now(), userID: call.caller.userID, operationID: call.operationID };
      const noted = [...puts].map(([key, after = '']) => ({ ...by, key, before: before.values.get(key) ?? '', after }));
      const flag = { ...by, key: '', before: String(before.isEnabled), after: String(isEnabled) };
      await store.note(tx, isEnabled === undefined ? noted : [flag], keptChanges);
    });
    await this.#take();
  }

  async #takeIfNew(): Promise<void> {
    const { version } = await this.#options.store.state();
    if (version !== this.#held.version) await this.#take();
  }

  async #take(): Promise<void> {
    const { base, store, apply, observer } = this.#options;
    const stored = await store.read();
    // Two that read at once may come back in any order.
    if (stored.version < this.#held.version) return;
    const changes = stored.isEnabled ? this.#fitting(stored.values) : {};
    const settings = { ...base.settings, ...changes };
    const earlier = this.#held;
    this.#held = { ...stored, changes, settings };
    const keys = optionInfos.map(({ key }) => key).filter((key) => !isSame(settings[key], earlier.settings[key]));
    if (keys.length === 0) return;
    apply(configOf(settings, base.sources));
    observer.changed(stored.version, keys);
  }

  /** All of them or, when an upgrade or another source has made one unfit, as many as are fit. */
  #fitting(values: ReadonlyMap<string, string>): Changes {
    try {
      return this.#configWith(values);
    } catch {
      let fitting = new Map<string, string>();
      for (const [key, value] of values) {
        const more = new Map(fitting).set(key, value);
        try {
          this.#configWith(more);
          fitting = more;
        } catch (error) {
          this.#options.observer.leftOut(key, error instanceof Error ? error.message : String(error));
        }
      }
      return this.#configWith(fitting);
    }
  }

  /** @throws 1001 if it is no configuration that a server starts with */
  #configWith(values: ReadonlyMap<string, string>): Changes {
    const changes: Record<string, unknown> = {};
    for (const [key, json] of values) {
      const info = optionInfos.find((candidate) => candidate.key === key);
      const value: unknown = JSON.parse(json);
      if (info?.atRunTime !== true || valueFault(info, value) !== undefined) throw errors.args(`${key} cannot be set`);
      changes[key] = value;
    }
    const { settings, sources } = this.#options.base;
    try {
      configOf({ ...settings, ...changes }, sources);
    } catch (error) {
      if (error instanceof ConfigError) throw errors.args(error.message.split('\n')[0] ?? '');
      throw error;
    }
    return changes;
  }
}

interface Held extends StoredSettings {
  /** Of what is stored, what holds. */
  readonly changes: Changes;
  /** All settings, as they are written. */
  readonly settings: Options;
}

type Changes = Partial<Options>;

const keptChanges = 1000;
/** The row of the version, on every node. */
const lookEveryMs = 2000;
const mask = '***';

const otherVersion = () => errors.args('the settings were changed meanwhile: read them again');

function merged(
  values: ReadonlyMap<string, string>,
  puts: ReadonlyMap<string, string | undefined>,
): ReadonlyMap<string, string> {
  const both = new Map<string, string | undefined>([...values, ...puts]);
  return new Map([...both].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
}

function shown(info: OptionInfo, value: Options[OptionKey]): unknown {
  return info.isSecret === true && value.toString() !== '' ? mask : value;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
