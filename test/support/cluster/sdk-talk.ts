/** Child process of sdk-traffic.ts: two users of the JS SDK who write to each other until they are told to stop. */
import { once } from 'node:events';
import { setTimeout as passed } from 'node:timers/promises';
import { SdkClient } from '../sdk-client.ts';

export interface SdkOrder {
  readonly users: readonly { readonly userID: string; readonly token: string }[];
  readonly apiAddr: string;
  readonly wsAddr: string;
}

export interface SdkOutcome {
  readonly acknowledged: number;
  /** What must not happen. */
  readonly faults: readonly string[];
}

const everyMs = 400;
/** Longer than the SDK takes to notice that its connection is gone, and to come back. */
const settleLimitMs = 60_000;

interface Talker {
  readonly userID: string;
  readonly partnerID: string;
  readonly client: SdkClient;
  readonly acknowledged: string[];
}

// What a server no longer answers is an error of the SDK's that it does not handle.
process.on('unhandledRejection', () => {});
process.on('disconnect', () => process.exit());

const [order] = (await once(process, 'message')) as [SdkOrder];
const talkers = await Promise.all(
  order.users.map(async ({ userID, token }, index): Promise<Talker> => {
    const client = new SdkClient();
    await client.login({ userID, token, apiAddr: order.apiAddr, wsAddr: order.wsAddr });
    return { userID, partnerID: order.users[1 - index]!.userID, client, acknowledged: [] };
  }),
);
const stop = new AbortController();
const talking = talkers.map(talk);
process.send?.('ready');
await once(process, 'message');
stop.abort();
await Promise.all(talking);
process.send?.({
  acknowledged: talkers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
  faults: (await Promise.all(talkers.map(faultsOf))).flat(),
} satisfies SdkOutcome);

async function talk({ userID, partnerID, client, acknowledged }: Talker): Promise<void> {
  for (let place = 0; !stop.signal.aborted; place += 1) {
    const text = `${userID}-${place}`;
    const isSent = client.sendText(partnerID, text).then(
      () => acknowledged.push(text),
      () => {},
    );
    // It waits for answers that a node which is gone owes it.
    await Promise.race([isSent, passed(10_000)]);
    await passed(everyMs);
  }
}

/**
 * Whoever is written to has all that was acknowledged, once, in the order in which it was sent. The SDK's events are not
 * held to it: it tells twice of what is pushed while it pulls the same.
 */
async function faultsOf({ userID, partnerID, client, acknowledged }: Talker): Promise<string[]> {
  const partner = talkers.find((each) => each.userID === partnerID)!.client;
  const deadlineMs = performance.now() + settleLimitMs;
  let seen = await textsAt(partner, userID, partnerID);
  const missing = () => acknowledged.filter((text) => !seen.includes(text));
  while (missing().length > 0 && performance.now() < deadlineMs) {
    await passed(500);
    seen = await textsAt(partner, userID, partnerID);
  }
  const heard = partner.events.slice(-6).map(({ event }) => event);
  const faults = missing().map((text) => `the SDK of ${partnerID} never got ${text}: it has heard ${heard.join(', ')}`);
  if (new Set(seen).size !== seen.length) faults.push(`the SDK of ${partnerID} shows a message twice`);
  const places = seen.map((text) => Number(text.slice(userID.length + 1)));
  const isInOrder = places.every((place, index) => index === 0 || place > places[index - 1]!);
  if (!isInOrder) faults.push(`the SDK of ${partnerID} shows messages out of order`);
  const ends = client.events.filter(({ event }) => /OnKickedOffline|OnUserToken/.test(event));
  faults.push(...ends.map(({ event }) => `the SDK of ${userID} heard ${event}`));
  return faults;
}

/** Of one user, oldest first. */
async function textsAt(client: SdkClient, userID: string, partnerID: string): Promise<string[]> {
  const conversationID = `si_${[userID, partnerID].sort().join('_')}`;
  const history = await client.sdk
    .getAdvancedHistoryMessageList({ conversationID, startClientMsgID: '', count: 10_000 } as never)
    .catch(() => undefined);
  const messages: readonly { sendID: string; textElem?: { content: string } }[] = history?.data.messageList ?? [];
  return messages.flatMap(({ sendID, textElem }) => (sendID === userID && textElem ? [textElem.content] : []));
}
