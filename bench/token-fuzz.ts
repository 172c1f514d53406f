/**
 * A million mutated tokens through verification: no crash, no 500, nothing accepted but what a live token says. Run:
 * node bench/token-fuzz.ts [rounds] [seed]
 */

import { fuzzVerification } from '../test/fuzz/token-fuzz.ts';
import { openSqliteTokens, TestAuthority } from '../test/support/token-authority.ts';
import { readCommandLine } from './support/command-line.ts';

const { positionals } = readCommandLine(import.meta.filename, {}, 2);
const rounds = Number(positionals[0] ?? 1_000_000);
const seed = Number(positionals[1] ?? Math.floor(Math.random() * 2 ** 32));
console.log(`${rounds} rounds, seed ${seed}`);

const tokens = await openSqliteTokens(Date.now);
const startedMs = performance.now();
const { accepted, refused } = await fuzzVerification(new TestAuthority(tokens.store), { seed, rounds });
const seconds = (performance.now() - startedMs) / 1000;
await tokens[Symbol.asyncDispose]();

console.log(`accepted, all of them with what a live token has signed: ${accepted}`);
for (const [code, count] of [...refused].sort(([a], [b]) => a - b)) console.log(`refused with ${code}: ${count}`);
console.log(`${seconds.toFixed(1)} s, ${Math.round(rounds / seconds)} tokens a second`);
