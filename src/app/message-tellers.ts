/** Several who tell of messages, as one. Part of the composition root; see app.ts. */
import type { MessageTeller } from '../log/pipeline.ts';

/** @returns undefined if there is none */
export function joinTellers(...given: readonly (MessageTeller | undefined)[]): MessageTeller | undefined {
  const tellers = given.filter((teller) => teller !== undefined);
  const [first] = tellers;
  if (first === undefined || tellers.length === 1) return first;
  return {
    deliveriesOf: (message, operationID) => {
      const made = tellers.flatMap((teller) => teller.deliveriesOf(message, operationID) ?? []);
      return made.length === 0 ? undefined : (stored) => made.flatMap((make) => make(stored));
    },
    // Any of them keeps rows of every topic; the others' workers find theirs by the wake.
    keep: async (entries) => {
      await first.keep(entries);
      for (const teller of tellers) teller.wake();
    },
    wake: () => {
      for (const teller of tellers) teller.wake();
    },
  };
}
