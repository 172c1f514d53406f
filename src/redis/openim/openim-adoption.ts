/**
 * Takes OpenIM's tokens into our store: each gets a key and an end of its own. What ours knows stays as it is, except
 * that a session that OpenIM has ended ends here too.
 */
import type { TokenEvents } from '../../tokens/events.ts';
import type { TokenRecord, TokenStore } from '../../tokens/token-store.ts';
import type { RedisClient } from '../client/client.ts';
import { tokenKeyPrefix } from '../tokens/token-keys.ts';
import { stateLetters } from '../tokens/token-value.ts';
import { type Finding, openimRecord } from './openim-records.ts';

export interface OpenimAdoptionOptions {
  readonly redis: Pick<RedisClient, 'mget'>;
  readonly store: Pick<TokenStore, 'adopt' | 'kick'>;
  readonly events: TokenEvents;
}

/** What ours says of a finding. ended: it accepts a token that OpenIM has kicked. */
export type Standing = 'unknown' | 'known' | 'ended';

/** Adoptions of one user side by side: a connection lets only so many commands wait. */
const atOnce = 500;

export class OpenimAdoption {
  readonly #options: OpenimAdoptionOptions;

  constructor(options: OpenimAdoptionOptions) {
    this.#options = options;
  }

  /** Asks only; of findings of one user. One round trip, none without findings. */
  async compare(userID: string, findings: readonly Finding[]): Promise<readonly Standing[]> {
    const keys = findings.map(({ claims }) => tokenKeyPrefix(userID) + claims.jti);
    const values = await this.#options.redis.mget(keys);
    return findings.map(({ claims, state }, index) => {
      const value = values[index] ?? null;
      // One of ours that our store does not know is no token, wherever else it stands.
      if (value === null) return claims.isOurs ? 'known' : 'unknown';
      return state === 'kicked' && isAcceptedValue(value) ? 'ended' : 'known';
    });
  }

  /** Adopts and ends what is called for. Cheap where everything is known. */
  async takeIn(userID: string, findings: readonly Finding[]): Promise<readonly Standing[]> {
    const standings = await this.compare(userID, findings);
    const withStanding = (wanted: Standing) => findings.filter((_, index) => standings[index] === wanted);
    const unknown = withStanding('unknown');
    for (let first = 0; first < unknown.length; first += atOnce) {
      await Promise.all(unknown.slice(first, first + atOnce).map((finding) => this.adopt(finding)));
    }
    await this.end(
      userID,
      withStanding('ended').map(({ claims }) => claims.jti),
    );
    return standings;
  }

  /**
   * Takes in one token that ours did not know a moment ago.
   * @returns the token as it is now; undefined if it has ended by the store's clock
   */
  async adopt({ claims, ...as }: Finding): Promise<TokenRecord | undefined> {
    const { store, events } = this.#options;
    const record = await store.adopt(openimRecord(claims, as));
    if (record === undefined) return undefined;
    const { userID, platformID, jti } = record;
    events.emit('tokenImported', { userID, platformID, jti });
    const isKickedSince = as.state === 'kicked' && (record.state === 'live' || record.state === 'superseded');
    if (!isKickedSince) return record;
    await this.end(userID, [jti]);
    return openimRecord(claims, as);
  }

  /** Ends tokens that an OpenIM server has kicked. */
  async end(userID: string, jtis: readonly string[]): Promise<void> {
    if (jtis.length === 0) return;
    const { store, events } = this.#options;
    const reason = 'openim';
    const ended = await store.kick(userID, { jtis }, reason, 'kicked');
    const by = { userID: '', operationID: '' };
    for (const [platformID, group] of Map.groupBy(ended, (token) => token.platformID)) {
      const names = group.map(({ jti }) => jti);
      events.emit('tokensEnded', { userID, platformID, jtis: names, reason, origin: 'here', by });
    }
  }
}

function isAcceptedValue(value: string): boolean {
  return value.startsWith(stateLetters.live) || value.startsWith(stateLetters.superseded);
}
