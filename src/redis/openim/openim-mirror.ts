/**
 * Keeps OpenIM's own keys in step with ours, so that OpenIM's servers honour the same tokens while both share the work.
 * Protocol: rest-core.md 5.4, 5.5, 5.9.
 */
import { platforms } from '../../protocol/numbers/platforms.ts';
import type { TokenCodec } from '../../tokens/claims.ts';
import type { MirroredEnd, MirroredToken } from '../../tokens/legacy-tokens.ts';
import type { RedisClient } from '../client/client.ts';
import { loadScript } from '../tokens/load-script.ts';
import { formatOpenimMessage } from './openim-feed.ts';
import { type HashOwner, openimHashKey, openimStatus, openimTemporaryKey } from './openim-layout.ts';
import { type Finding, readOpenimToken, type TokenFlaw } from './openim-records.ts';

export interface OpenimMirrorOptions {
  readonly redis: RedisClient;
  readonly codec: TokenCodec;
  /** Unix ms. */
  readonly clock: () => number;
}

/** What was read of one of OpenIM's hashes. */
export interface OpenimHash {
  readonly owner: HashOwner;
  readonly fields: readonly { readonly token: string; readonly found: Finding | TokenFlaw }[];
}

export class OpenimMirror {
  readonly #options: OpenimMirrorOptions;
  readonly #scripts = {
    issue: loadScript('openim/scripts/openim-issue.lua'),
    end: loadScript('openim/scripts/openim-end.lua'),
  };

  constructor(options: OpenimMirrorOptions) {
    this.#options = options;
  }

  /** @throws Redis's failure */
  async writeIssued(record: MirroredToken, token: string): Promise<void> {
    const hash = openimHashKey(record);
    const args = [token, openimStatus.normal, String(record.expiresAt), formatOpenimMessage([hash])];
    await this.#options.redis.evalScript(this.#scripts.issue, [hash], args);
  }

  /** @throws Redis's failure */
  async writeEnded(userID: string, tokens: readonly MirroredEnd[]): Promise<void> {
    const byPlatform = Map.groupBy(tokens, ({ platformID }) => platformID);
    await Promise.all(Array.from(byPlatform, ([platformID, group]) => this.#mark({ userID, platformID }, group)));
  }

  /**
   * Takes out tokens that have ended, of which each of our logins leaves one more: OpenIM's servers do so at theirs. A few
   * may stay, so that OpenIM can tell a kicked client that it was kicked (known defect 16).
   * @param hashes that have been taken in
   * @throws Redis's failure
   */
  async prune(hashes: readonly OpenimHash[]): Promise<void> {
    await Promise.all(
      hashes.map(async ({ owner, fields }) => {
        const ended = fields.filter(({ found }) => found === 'expired' || hasEnded(found));
        if (ended.length <= endedKept) return;
        const hash = openimHashKey(owner);
        await this.#options.redis.command(hash, ['HDEL', hash, ...ended.map(({ token }) => token)]);
      }),
    );
  }

  async #mark(owner: HashOwner, ended: readonly MirroredEnd[]): Promise<void> {
    const { redis, codec, clock } = this.#options;
    const hash = openimHashKey(owner);
    const now = clock();
    const fields = (await redis.command(hash, ['HKEYS', hash])) as string[];
    const found = fields.flatMap((token) => {
      const claims = readOpenimToken(codec, token, owner, now);
      const end = typeof claims === 'string' ? undefined : ended.find(({ jti }) => jti === claims.jti);
      return end === undefined ? [] : [{ token, end }];
    });
    const [superseded, kicked] = [found.filter(isSuperseded), found.filter((each) => !isSuperseded(each))];
    // As OpenIM has it, a token of an admin is known by its temporary key before it is taken out of the hash.
    if (owner.platformID === platforms.Admin) await Promise.all(superseded.map((each) => this.#keepFor(owner, each)));
    await this.#run(hash, openimStatus.kicked, kicked);
    await this.#run(hash, '', superseded);
  }

  async #keepFor(owner: HashOwner, { token, end }: Found): Promise<void> {
    const key = openimTemporaryKey(owner, token);
    await this.#options.redis.command(key, ['SET', key, '', 'PXAT', String(end.acceptedUntil)]);
  }

  async #run(hash: string, status: string, found: readonly Found[]): Promise<void> {
    if (found.length === 0) return;
    const args = [status, formatOpenimMessage([hash]), ...found.map(({ token }) => token)];
    await this.#options.redis.evalScript(this.#scripts.end, [hash], args);
  }
}

/** For each user and platform. */
const endedKept = 20;

interface Found {
  readonly token: string;
  readonly end: MirroredEnd;
}

function isSuperseded({ end }: Found): boolean {
  return end.state === 'superseded';
}

function hasEnded(found: Finding | TokenFlaw): boolean {
  return typeof found !== 'string' && found.state === 'kicked';
}
