/** What waits to be told to the world outside, counted now and then. Part of the composition root; see app.ts. */
import type { DeliveryCounts, DeliveryStore, DeliveryTopic } from '../deliveries/delivery-store.ts';
import type { Ground } from './ground.ts';

/** @returns the counts of late */
export function watchDeliveries(
  { metrics }: Pick<Ground, 'metrics'>,
  opened: AsyncDisposableStack,
  store: Pick<DeliveryStore, 'counts'>,
  topic: DeliveryTopic,
): () => DeliveryCounts {
  let counts: DeliveryCounts = { waiting: 0, parked: 0, oldestAt: undefined };
  const look = async () => {
    counts = await store.counts(topic);
    metrics.deliveriesWaiting.set({ topic }, counts.waiting);
    metrics.deliveriesParked.set({ topic }, counts.parked);
  };
  // A database that cannot be asked shows elsewhere.
  opened.use(setInterval(() => void look().catch(() => {}), everyMs));
  return () => counts;
}

const everyMs = 5000;
