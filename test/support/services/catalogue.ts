/** The services that tests may use, and which of them the caller leaves out. */
import { chromiumProgram } from './chromium.ts';
import { composeProgram, nginxProgram, systemdProgram } from './deployment-tools.ts';
import { helmProgram, kubeconformProgram } from './kubernetes-tools.ts';
import { pgbouncerProgram } from './pgbouncer.ts';
import { postgresProgram } from './postgres.ts';
import type { Program } from './program.ts';
import { promtoolProgram } from './promtool.ts';
import { redisProgram } from './redis.ts';
import { versitygwProgram } from './versitygw.ts';

const PROGRAMS = {
  postgres: postgresProgram,
  pgbouncer: pgbouncerProgram,
  redis: redisProgram,
  chromium: chromiumProgram,
  promtool: promtoolProgram,
  compose: composeProgram,
  systemd: systemdProgram,
  nginx: nginxProgram,
  helm: helmProgram,
  kubeconform: kubeconformProgram,
  versitygw: versitygwProgram,
} satisfies Record<string, Program>;

export type ServiceName = keyof typeof PROGRAMS;

/** The programs of all services but those that `TESSERA_TEST_SKIP` names. */
export function wantedPrograms(environment: NodeJS.ProcessEnv): Program[] {
  const skipped = skippedServices(environment);
  return Object.values(PROGRAMS).filter((program) => !skipped.has(program.id));
}

/** What `TESSERA_TEST_SKIP` names, separated by commas. Throws on a name that is no service. */
export function skippedServices(environment: NodeJS.ProcessEnv): ReadonlySet<string> {
  const names = (environment.TESSERA_TEST_SKIP ?? '').split(',').map((name) => name.trim());
  const skipped = names.filter((name) => name !== '');
  const unknown = skipped.filter((name) => !(name in PROGRAMS));
  if (unknown.length > 0) {
    const known = Object.keys(PROGRAMS).join(', ');
    throw new Error(`TESSERA_TEST_SKIP names ${unknown.join(', ')}; it knows ${known}`);
  }
  return new Set(skipped);
}
