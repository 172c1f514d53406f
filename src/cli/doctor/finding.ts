/** What `tessera doctor` finds, and how it is told. */

/** ok: as it should be. advice: may be meant so. problem: tokens or secrets are at risk. */
export type Severity = 'ok' | 'advice' | 'problem';

export interface Finding {
  readonly severity: Severity;
  /** What was looked at, such as `Redis 127.0.0.1:6379: persistence`. */
  readonly subject: string;
  /** What is the case, and what it means. */
  readonly text: string;
  /** What to do about it; absent if nothing. */
  readonly remedy?: string;
  /** True if `--repair` has mended it in this run. */
  readonly isRepaired?: boolean;
}

export function ok(subject: string, text: string): Finding {
  return { severity: 'ok', subject, text };
}

export function advice(subject: string, text: string, remedy: string): Finding {
  return { severity: 'advice', subject, text, remedy };
}

export function problem(subject: string, text: string, remedy: string): Finding {
  return { severity: 'problem', subject, text, remedy };
}

/** Text for people: one paragraph per finding, problems last, where the eye ends up. */
export function formatFindings(findings: readonly Finding[]): string {
  const paragraphs = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity)).map(format);
  const counts = order.map((severity) => `${findings.filter((each) => each.severity === severity).length} ${severity}`);
  return `${paragraphs.join('\n')}\n\n${counts.join(', ')}`;
}

const order: readonly Severity[] = ['ok', 'advice', 'problem'];
const labels: Readonly<Record<Severity, string>> = { ok: 'ok     ', advice: 'advice ', problem: 'PROBLEM' };

function format({ severity, subject, text, remedy, isRepaired }: Finding): string {
  const lines = [`${labels[severity]}  ${subject}: ${text}`];
  if (remedy !== undefined) lines.push(`         ${isRepaired === true ? 'Repaired' : 'Remedy'}: ${remedy}`);
  return lines.join('\n');
}
