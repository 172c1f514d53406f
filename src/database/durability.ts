/** Whether PostgreSQL keeps what it has acknowledged, as far as its settings say. */

/** As {@link selectDurability} finds them. */
export interface DurabilitySettings {
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly synchronous_standby_names: string;
}

/** In a session like those that write. */
export const selectDurability = `SELECT ${[
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
]
  .map((name) => `current_setting('${name}') AS ${name}`)
  .join(', ')}`;

/** Settings by which a crash of PostgreSQL, or of its machine, loses what was acknowledged; empty if there are none. */
export function lossByCrash({ fsync, synchronous_commit, full_page_writes }: DurabilitySettings): string {
  const off = Object.entries({ fsync, synchronous_commit, full_page_writes }).filter(([, value]) => value === 'off');
  return off.map(([name]) => `${name} = off`).join(', ');
}

/** The setting by which the loss of the primary does, whoever takes over; empty if there is none. */
export function lossByFailover({ synchronous_commit, synchronous_standby_names }: DurabilitySettings): string {
  if (synchronous_standby_names.trim() === '') return 'synchronous_standby_names is empty';
  return ['on', 'remote_apply'].includes(synchronous_commit) ? '' : `synchronous_commit = ${synchronous_commit}`;
}
