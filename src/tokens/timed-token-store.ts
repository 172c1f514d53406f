/** A token store whose answers are timed. */
import type { TokenStore } from './token-store.ts';

/** @param observe is told the operation and how long it took, in seconds, also when it failed */
export function timedTokenStore(
  store: TokenStore,
  observe: (operation: keyof TokenStore, seconds: number) => void,
): TokenStore {
  const timed = <Args extends unknown[], Result>(
    operation: keyof TokenStore,
    run: (...args: Args) => Promise<Result>,
  ): ((...args: Args) => Promise<Result>) => {
    return async (...args) => {
      const startedMs = performance.now();
      try {
        return await run.apply(store, args);
      } finally {
        observe(operation, (performance.now() - startedMs) / 1000);
      }
    };
  };
  return {
    issue: timed('issue', store.issue),
    find: timed('find', store.find),
    kick: timed('kick', store.kick),
    list: timed('list', store.list),
    cutOff: timed('cutOff', store.cutOff),
    announce: timed('announce', store.announce),
    everyonesCutoffs: timed('everyonesCutoffs', store.everyonesCutoffs),
    adopt: timed('adopt', store.adopt),
    touch: timed('touch', store.touch),
    countLive: timed('countLive', store.countLive),
    hasForgotten: timed('hasForgotten', store.hasForgotten),
    explainLoss: timed('explainLoss', store.explainLoss),
    watch: (listener) => store.watch(listener),
    sweepExpired: timed('sweepExpired', store.sweepExpired),
    ping: () => store.ping(),
  };
}
