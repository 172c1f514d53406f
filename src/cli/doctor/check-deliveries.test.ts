import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { checkDeliveries, type DeliveryRow, selectDeliveries } from './check-deliveries.ts';

test('F34 what was given up is told of by topic, with what mends it', () => {
  using database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE deliveries (topic text, parked_at bigint)');
  const found = () =>
    checkDeliveries(database.prepare(selectDeliveries).all() as unknown as DeliveryRow[]).map(
      ({ severity, subject, text }) => `${severity} ${subject}: ${text}`,
    );
  database.exec("INSERT INTO deliveries VALUES ('webhooks', NULL)");
  assert.deepEqual(found(), ['ok deliveries: none was given up']);
  database.exec("INSERT INTO deliveries VALUES ('webhooks', 1), ('webhooks', 2), ('push', 1)");
  assert.deepEqual(found(), [
    'advice deliveries: push: 1 were given up after too many tries',
    'advice deliveries: webhooks: 2 were given up after too many tries',
  ]);
});
