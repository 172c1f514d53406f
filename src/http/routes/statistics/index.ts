/** Every endpoint under /statistics, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import groupCreate from './group/create.ts';
import userRegister from './user/register.ts';

export const statisticsEndpoints: readonly Endpoint[] = [groupCreate, userRegister];
