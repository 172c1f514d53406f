/** Every endpoint under /nodes, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import list from './list.ts';

export const nodesEndpoints: readonly Endpoint[] = [list];
