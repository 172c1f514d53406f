/** What a process is among others: its roles, and how many of them one command starts. */
import { availableParallelism } from 'node:os';
import type { Options } from './options.ts';

export const roles = ['api', 'gateway', 'jobs'] as const;
export type Role = (typeof roles)[number];

type NodeSettings = Pick<Options, 'roles' | 'workers' | 'databaseConnections' | 'databaseUrl' | 'redisUrl'>;

export function hasRole(settings: Pick<NodeSettings, 'roles'>, role: Role): boolean {
  return settings.roles.includes(role);
}

/** Whether a process shares its stores with others (docs/several-nodes.md). */
export function isNode({ databaseUrl, redisUrl }: Pick<NodeSettings, 'databaseUrl' | 'redisUrl'>): boolean {
  return databaseUrl !== '' && redisUrl !== '';
}

/** How many processes serve. @param cores of this machine */
export function workersOf({ workers }: Pick<NodeSettings, 'workers'>, cores = availableParallelism()): number {
  return workers === 'auto' ? cores : Number(workers);
}

/** Of a process. @param place among the workers of its machine, '' for one that is none */
export function metricsPortOf({ metricsPort }: Pick<Options, 'metricsPort'>, place: string): number {
  return metricsPort === 0 ? 0 : metricsPort + Number(place);
}

/** Of one process: those of all workers together are as many as are set. */
export function connectionsOf(settings: Pick<NodeSettings, 'workers' | 'databaseConnections'>): number {
  return Math.max(leastConnections, Math.floor(settings.databaseConnections / workersOf(settings)));
}

/** A transaction must not keep its process from everything else. */
const leastConnections = 2;
const mostWorkers = 256;

export function nodeProblems(settings: NodeSettings): string[] {
  const problems: string[] = [];
  const strangers = settings.roles.filter((role) => !roles.some((known) => known === role));
  if (strangers.length > 0 || settings.roles.length === 0) {
    problems.push(`TESSERA_ROLES: must be some of ${roles.join(', ')}`);
  }
  const isCount = /^[1-9]\d*$/.test(settings.workers) && Number(settings.workers) <= mostWorkers;
  if (settings.workers !== 'auto' && !isCount) {
    problems.push(`TESSERA_WORKERS: must be a number from 1 to ${mostWorkers}, or auto`);
  }
  if (isNode(settings)) return problems;
  const needs = 'needs TESSERA_DATABASE_URL and TESSERA_REDIS_URL, which processes share';
  if (roles.some((role) => !hasRole(settings, role))) problems.push(`TESSERA_ROLES: a part of them ${needs}`);
  if (settings.workers === 'auto' || Number(settings.workers) > 1) {
    problems.push(`TESSERA_WORKERS: more than one ${needs}`);
  }
  return problems;
}
