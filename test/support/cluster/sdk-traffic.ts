/** Two unmodified JS SDKs that talk to each other, in a process of their own, since they treat its console as theirs. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { SdkOrder, SdkOutcome } from './sdk-talk.ts';

export class SdkTraffic {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static open(): SdkTraffic {
    const module = new URL('./sdk-talk.ts', import.meta.url);
    return new SdkTraffic(fork(module, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  }

  /** Resolves when both are logged in. */
  async start(order: SdkOrder): Promise<void> {
    this.#child.send(order);
    await once(this.#child, 'message');
  }

  /** They stop, and look whether they have everything. */
  async finish(): Promise<SdkOutcome> {
    this.#child.send('finish');
    const [outcome] = await once(this.#child, 'message');
    this.#child.kill();
    return outcome as SdkOutcome;
  }
}
