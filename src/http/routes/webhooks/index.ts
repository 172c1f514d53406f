/** Every endpoint under /webhooks, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import drop from './drop.ts';
import list from './list.ts';
import parked from './parked.ts';
import replay from './replay.ts';

export const webhooksEndpoints: readonly Endpoint[] = [list, parked, replay, drop];
