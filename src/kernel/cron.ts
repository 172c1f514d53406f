/** When something runs by the clock: cron expressions of five fields (or six, with seconds), in a time zone. */
import { Cron } from 'croner';

export interface Schedule {
  /** The first time after that one; undefined: never. Both are Unix ms. */
  next(after: number): number | undefined;
}

/** @param timeZone as IANA names them. @throws what {@link cronFault} and {@link timeZoneFault} say */
export function cronSchedule(expression: string, timeZone: string): Schedule {
  // Of an offset the library knows without asking Intl for every part of every date.
  const zone = timeZone === 'UTC' ? { utcOffset: 0 } : { timezone: timeZone };
  const cron = new Cron(expression, { ...zone, paused: true });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

/** @returns what an expression has to be that is none, or undefined */
export function cronFault(expression: string): string | undefined {
  const fields = expression.trim().split(/\s+/);
  // Not what else the library takes: a date that comes once, a year as seventh field.
  if (!expression.startsWith('@') && fields.length !== 5 && fields.length !== 6) return 'must have five fields';
  try {
    if (new Cron(expression, { utcOffset: 0, paused: true }).nextRun() === null) return 'must be of a time that comes';
    return undefined;
  } catch {
    return 'must be a cron expression such as 0 2 * * *';
  }
}

/** @returns what a time zone has to be that is none, or undefined */
export function timeZoneFault(timeZone: string): string | undefined {
  // The default; to load what Intl knows of time zones costs a start 20 ms.
  if (timeZone === 'UTC') return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return undefined;
  } catch {
    return 'must be a time zone such as UTC or Europe/Berlin';
  }
}
