/** Every endpoint under /statistics, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import groupActive from './group/active.ts';
import groupCreate from './group/create.ts';
import userActive from './user/active.ts';
import userRegister from './user/register.ts';

export const statisticsEndpoints: readonly Endpoint[] = [groupActive, groupCreate, userActive, userRegister];
