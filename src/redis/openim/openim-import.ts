/**
 * Takes in all tokens that OpenIM left in a Redis, ahead of their use: walks over its keys master by master, in portions,
 * beside live servers. What ours knows stays as it is. May be interrupted and resumed; running it again does no harm.
 */
import type { TokenCodec } from '../../tokens/claims.ts';
import type { RedisClient, RedisNode } from '../client/client.ts';
import { readInfo } from '../client/server-info.ts';
import type { OpenimAdoption } from './openim-adoption.ts';
import type { ImportCheckpoint, ImportPosition } from './openim-checkpoint.ts';
import { addTo, countStanding, type ImportReport, noteOddity } from './openim-import-report.ts';
import { type HashOwner, type OpenimKey, openimKeyPattern, parseOpenimKey } from './openim-layout.ts';
import {
  type Finding,
  isOtherType,
  pairsOf,
  readOpenimField,
  readOpenimToken,
  type TokenFlaw,
} from './openim-records.ts';

export interface OpenimImportOptions {
  readonly redis: RedisClient;
  readonly adoption: OpenimAdoption;
  /** Verifies with OpenIM's secret. */
  readonly codec: TokenCodec;
  /** Unix ms. */
  readonly clock: () => number;
  /** Counts what would happen, and changes nothing. */
  readonly isDryRun: boolean;
  /** Keys that Redis looks at for one portion. */
  readonly batchSize: number;
  /** Where to begin and what has been counted before. It is brought up to date as the import goes on. */
  readonly checkpoint: ImportCheckpoint;
  /** Called after each portion. @param done the part of the keys that has been looked at, 0 to 1, about */
  readonly onPortion: (done: number) => Promise<void>;
  /** Ends the import after the portion that is under way. */
  readonly signal: AbortSignal;
}

/** Keys at work on side by side. */
const width = 200;
/** Fields read at a time; with `width`, below what may wait for one connection. */
const fieldsAtOnce = 40;

export class OpenimImport {
  readonly #options: OpenimImportOptions;
  readonly #report: ImportReport;

  constructor(options: OpenimImportOptions) {
    this.#options = options;
    this.#report = options.checkpoint.report;
  }

  /**
   * @returns whether every key has been looked at; false also if keys may have been missed because a Cluster moved them
   * meanwhile
   * @throws Redis's failure
   */
  async run(): Promise<{ readonly isComplete: boolean; readonly hasMoved: boolean }> {
    const { redis, checkpoint, signal } = this.#options;
    const owners = await slotOwners(redis);
    if (owners !== checkpoint.slotOwners) checkpoint.positions = {};
    checkpoint.slotOwners = owners;
    const masters = await redis.masters();
    for (const [index, master] of masters.entries()) {
      await this.#walk(master, (part) => (masters.length === 1 ? part : index / masters.length));
    }
    const hasMoved = owners !== (await slotOwners(redis));
    return { isComplete: !signal.aborted && !hasMoved, hasMoved };
  }

  /** @param doneWith what is done when this part of the master's keys has been looked at */
  async #walk(master: RedisNode, doneWith: (part: number) => number): Promise<void> {
    const { checkpoint, batchSize, onPortion, signal } = this.#options;
    const position = await positionOn(master, checkpoint);
    checkpoint.positions[master.address] = position;
    while (position.cursor !== 'end' && !signal.aborted) {
      const scan = ['SCAN', position.cursor, 'MATCH', openimKeyPattern, 'COUNT', String(batchSize)];
      const [next, keys] = (await master.command(scan)) as [string, string[]];
      await this.#importKeys(keys);
      position.cursor = next === '0' ? 'end' : next;
      await onPortion(doneWith(partBefore(next)));
    }
  }

  async #importKeys(keys: readonly string[]): Promise<void> {
    const rest = keys.values();
    const work = async () => {
      for (const name of rest) {
        const key = parseOpenimKey(name);
        if (key?.kind === 'hash') await this.#importHash(name, key);
        if (key?.kind === 'temporary') await this.#importTemporary(name, key);
      }
    };
    await Promise.all(Array.from({ length: width }, work));
  }

  async #importHash(name: string, { userID, platformID }: OpenimKey): Promise<void> {
    try {
      const [endsAt, longestEnd] = await Promise.all([
        this.#endOf(name),
        this.#importFields(name, platformID === undefined ? undefined : { userID, platformID }),
      ]);
      addTo(this.#report, 'hashes');
      if (endsAt === undefined) noteOddity(this.#report, 'hashesWithoutTtl', name);
      else if (endsAt + clockToleranceMs < longestEnd) noteOddity(this.#report, 'hashesEndingEarly', name);
    } catch (error) {
      if (!isOtherType(error)) throw error;
      noteOddity(this.#report, 'notHashes', name);
    }
  }

  /**
   * @param owner undefined: of a platform that does not exist
   * @returns when the longest-lived token in it ends that OpenIM accepts, Unix ms; 0 if there is none
   */
  async #importFields(name: string, owner: HashOwner | undefined): Promise<number> {
    const { redis, codec, clock } = this.#options;
    let longestEnd = 0;
    let cursor = '0';
    do {
      const reply = await redis.command(name, ['HSCAN', name, cursor, 'COUNT', String(fieldsAtOnce)]);
      const [next, flat] = reply as [string, string[]];
      cursor = next;
      const fields = pairsOf(flat);
      if (owner === undefined) {
        addTo(this.#report, 'unknownPlatform', fields.length);
        continue;
      }
      const now = clock();
      const findings = this.#sort(fields.map((field) => readOpenimField(codec, field, owner, now)));
      await this.#takeIn(owner.userID, findings);
      const accepted = findings.filter(({ state }) => state === 'live');
      longestEnd = Math.max(longestEnd, ...accepted.map(({ claims }) => claims.expiresAt));
    } while (cursor !== '0');
    return longestEnd;
  }

  async #importTemporary(name: string, key: OpenimKey & { readonly kind: 'temporary' }): Promise<void> {
    const { codec, clock } = this.#options;
    const { userID, platformID, token } = key;
    if (platformID === undefined) return addTo(this.#report, 'unknownPlatform');
    const acceptedUntil = (await this.#endOf(name)) ?? 0;
    const claims = readOpenimToken(codec, token, { userID, platformID }, clock());
    const found = typeof claims === 'string' ? claims : { claims, state: 'superseded' as const, acceptedUntil };
    await this.#takeIn(userID, this.#sort([found]));
  }

  /** Counts what is nothing to take in. @returns the rest */
  #sort(fields: readonly (Finding | TokenFlaw)[]): readonly Finding[] {
    const findings: Finding[] = [];
    for (const field of fields) {
      if (typeof field === 'string') addTo(this.#report, field);
      else findings.push(field);
    }
    return findings;
  }

  async #takeIn(userID: string, findings: readonly Finding[]): Promise<void> {
    const { adoption, isDryRun } = this.#options;
    const standings = await (isDryRun ? adoption.compare(userID, findings) : adoption.takeIn(userID, findings));
    for (const [index, { state }] of findings.entries())
      countStanding(this.#report, standings[index] ?? 'known', state);
  }

  /** Unix ms; undefined for a key without a TTL. */
  async #endOf(name: string): Promise<number | undefined> {
    const leftMs = Number(await this.#options.redis.command(name, ['PTTL', name]));
    return leftMs === -1 ? undefined : this.#options.clock() + Math.max(leftMs, 0);
  }
}

/**
 * The part of a server's keys that SCAN has gone over: its cursor counts with the highest bit as the lowest. In a Cluster
 * newer servers put the slot into it, so that only whole masters can be counted.
 */
function partBefore(cursor: string): number {
  if (cursor === '0') return 1;
  let part = 0;
  for (let bits = BigInt(cursor), weight = 0.5; bits > 0n; bits >>= 1n, weight /= 2) {
    if (bits & 1n) part += weight;
  }
  return part;
}

/** OpenIM writes the hash's life a moment after the token's, by another clock. */
const clockToleranceMs = 5000;

/** A cursor means nothing to a server that has been restarted or replaced since: then it begins anew. */
async function positionOn(master: RedisNode, { positions }: ImportCheckpoint): Promise<ImportPosition> {
  const runID = (await readInfo((args) => master.command(args), ['server'])).get('run_id') ?? '';
  const known = positions[master.address];
  return known !== undefined && known.runID === runID ? known : { runID, cursor: '0' };
}

/** Which master of a Cluster has which slots: while slots move, a walk from master to master can miss keys. */
async function slotOwners(redis: RedisClient): Promise<string> {
  if ((await redis.masters()).length === 1) return '';
  const ranges = (await redis.command(undefined, ['CLUSTER', 'SLOTS'])) as [number, number, [string, number]][];
  return ranges
    .map(([first, last, [host, port]]) => `${first}-${last} ${host}:${port}`)
    .sort()
    .join(', ');
}
