/** Tokens that are given on one node and ended on another one, all ways: what nodes must understand of each other at once. */
import { connect } from '../socket-client.ts';
import { within } from '../within.ts';
import type { ClusterNode, NodeCluster } from './node-cluster.ts';

interface Login {
  readonly userID: string;
  readonly token: string;
}

const platformID = 5;
/** What closes a socket is told to its node while the end is answered. */
const closeLimitMs = 5000;

const ends = {
  'a logout': (node: ClusterNode, { userID }: Login) => node.backEnd.call('/auth/force_logout', { userID, platformID }),
  'a revocation': (node: ClusterNode, { token }: Login) => node.backEnd.call('/auth/revoke_token', { token }),
  'a revocation by age': (node: ClusterNode, { userID }: Login) =>
    node.backEnd.call('/auth/revoke_tokens', { userID, issuedBefore: Date.now() }),
  'another login': (node: ClusterNode, { userID }: Login) => node.backEnd.userToken(userID, platformID),
};

/**
 * From each node to each other one. The nodes' back ends are logged in.
 * @param name begins the users' IDs; no other crossing has it
 * @returns what did not hold
 */
export async function crossTokens({ nodes, backEnd }: NodeCluster, name: string): Promise<readonly string[]> {
  const crossings = nodes.flatMap((from) =>
    nodes
      .filter((to) => to !== from)
      .flatMap((to) => Object.entries(ends).map(([how, end]) => ({ from, to, how, end }))),
  );
  await backEnd.register(...crossings.map((_, index) => `${name}${index}`));
  const faults = await Promise.all(
    crossings.map(async ({ from, to, how, end }, index) => {
      const userID = `${name}${index}`;
      const what = `${how} on ${to.name} of a login on ${from.name}`;
      const token = await from.backEnd.userToken(userID, platformID);
      const socket = await connect({ port: from.process.wsPort, query: { sendID: userID, token } });
      await end(to, { userID, token });
      const verdicts = await Promise.all(
        nodes.map(async (node) => {
          const { errCode } = await node.backEnd.post('/auth/parse_token', { token });
          return errCode >= 1500 && errCode < 1600 ? [] : [`after ${what}, ${node.name} says ${errCode} of its token`];
        }),
      );
      const isClosed = within('its socket to close', socket.closed, closeLimitMs).then(
        () => [],
        () => [`${what} did not close its socket`],
      );
      const others = [...verdicts.flat(), ...(await isClosed)];
      const frame = socket.pending.map(({ data }) => JSON.parse(data.toString()).reqIdentifier);
      socket.ws.terminate();
      return frame.includes(2002) ? others : [...others, `${what} did not tell its socket so`];
    }),
  );
  return faults.flat();
}
