/** What a run of bench/token-lifetime comes down to, and whether it is as promised. */
import type { KeysLeft } from './keys-left.ts';
import type { Findings } from './token-run.ts';

export interface Verdict {
  readonly name: string;
  readonly findings: Findings;
  readonly keysLeft: KeysLeft;
  /** Tokens that were kicked or revoked before their end: nothing else is asked of them than to be refused. */
  readonly ended: number;
  /** Tokens that had a right to live to their end. */
  readonly entitled: number;
  /** Of them refused before. */
  readonly early: number;
  /** Accepted at their end or later. */
  readonly late: number;
  /** Accepted longer than a probe interval after they were kicked or revoked. */
  readonly kept: number;
  /** The largest distance of a token's real end from the promised one that is proven, ms. */
  readonly worstErrorMs: number;
  /** The largest that the probes leave room for, ms. */
  readonly possibleErrorMs: number;
  /** Tokens whose end is known less exactly than to the probe interval, because the machine held probes up. */
  readonly inexact: number;
  /** How it falls short of the promise. */
  readonly faults: readonly string[];
}

/** The share of tokens whose ends may be known less exactly before the measurement counts for nothing. */
const mostInexact = 0.01;

export function judge(
  name: string,
  isPredictable: boolean,
  findings: Findings,
  keysLeft: KeysLeft,
  intervalMs: number,
): Verdict {
  const { tokens } = findings;
  const early = tokens.filter(({ earlyByMs }) => earlyByMs > 0);
  const faithful = tokens.filter(({ earlyByMs, isEnded }) => earlyByMs === 0 && !isEnded);
  const late = tokens.filter(({ lateByMs }) => lateByMs >= 0);
  const verdict = {
    name,
    findings,
    keysLeft,
    ended: tokens.length - early.length - faithful.length,
    entitled: early.length + faithful.length,
    early: early.length,
    late: late.length,
    kept: tokens.filter(({ keptForMs }) => keptForMs > intervalMs).length,
    worstErrorMs: Math.max(
      0,
      largest(early.map((token) => token.earlyByMs)),
      largest(late.map((token) => token.lateByMs)),
    ),
    possibleErrorMs: Math.max(
      largest(early.map((token) => token.earlyByAtMostMs)),
      largest(faithful.map((token) => token.errorAtMostMs)),
    ),
    inexact: faithful.filter((token) => token.errorAtMostMs > intervalMs).length,
  };
  return { ...verdict, faults: isPredictable ? faultsOf(verdict) : [] };
}

function faultsOf(verdict: Omit<Verdict, 'faults'>): string[] {
  const { findings, keysLeft } = verdict;
  const otherCodes = (counts: ReadonlyMap<number, number>, right: number) =>
    [...counts].filter(([code]) => code !== right).reduce((sum, [, count]) => sum + count, 0);
  const counted: Readonly<Record<string, number>> = {
    'early deaths': verdict.early,
    'late acceptances': verdict.late,
    'tokens accepted after they were ended': verdict.kept,
    'logins that kicked others than the policy says': findings.wrongVictims,
    'logins with a token that another has': findings.sharedTokens,
    'ended tokens refused with another code than 1506': otherCodes(findings.codesOfEnded, 1506),
    'expired tokens refused with another code than 1501': otherCodes(findings.codesOfExpired, 1501),
    'calls that failed': findings.failures.length,
    'keys that outlived their tokens': keysLeft.all,
    'tokens whose end is not known to the interval':
      verdict.inexact > verdict.entitled * mostInexact ? verdict.inexact : 0,
  };
  return Object.entries(counted)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
}

/** Spreading a hundred thousand arguments would not do. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
