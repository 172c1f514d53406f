/** Every endpoint under /jobs, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import list from './list.ts';
import run from './run.ts';

export const jobsEndpoints: readonly Endpoint[] = [list, run];
