/**
 * Order and loss: many speak in one group at full speed while members lose their connections at random, some do not read,
 * and the server is killed. Every member must end with the same dense sequence, nothing acknowledged missing, nothing twice.
 *
 *   node bench/storm.ts [--quick] [--seed N] [--database-url URL --redis-url URL]
 *
 * The server is a process of its own, on the embedded default unless told otherwise. Exits with 1 when something does not
 * hold. The short form is test/faults/group-storm.test.ts.
 */
import { BackEnd } from '../test/support/back-end.ts';
import { groupStorm, type StormPlan } from '../test/support/group-storm.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { readCommandLine } from './support/command-line.ts';
import { whole } from './support/numbers.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  quick: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  'database-url': { type: 'string' },
  'redis-url': { type: 'string' },
});
const plan: StormPlan = values.quick
  ? { members: 100, senders: 20, messagesPerSender: 50, slowReaders: 5, pushesPerCut: 2000, kills: 1 }
  : { members: 500, senders: 50, messagesPerSender: 100, slowReaders: 20, pushesPerCut: 5000, kills: 3 };

const server = await TesseraProcess.start({
  env: {
    ...(values['database-url'] === undefined ? {} : { TESSERA_DATABASE_URL: values['database-url'] }),
    ...(values['redis-url'] === undefined ? {} : { TESSERA_REDIS_URL: values['redis-url'] }),
  },
});
try {
  const random = new SeededRandom(Number(values.seed));
  const result = await groupStorm(server, new BackEnd(() => server.apiUrl), plan, () => random.next());
  const { faults, acknowledged, kills, connections, pushes, sendingMs } = result;
  printTable(
    `${plan.senders} senders in a group of ${plan.members}, ${plan.slowReaders} that do not read`,
    ['', 'messages', 'kills', 'connections', 'pushed', 'seconds', 'acked/s', 'faults'],
    [
      [
        values['database-url'] === undefined ? 'SQLite' : 'PostgreSQL',
        ...[acknowledged, kills, connections, pushes].map(String),
        (sendingMs / 1000).toFixed(1),
        whole(acknowledged / (sendingMs / 1000)),
        String(faults.length),
      ],
    ],
  );
  for (const fault of faults.slice(0, 20)) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
} finally {
  await server.dispose();
}
