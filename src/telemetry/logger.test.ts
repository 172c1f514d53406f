import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createLogger, type LoggerOptions } from './logger.ts';
import { OperationScope } from './operation.ts';

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJVc2VySUQiOiJ1MSJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4';

function loggerWith(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const scope = new OperationScope();
  const logger = createLogger({ level: 'info', format: 'json', secrets: () => [], scope, destination, ...options });
  return { logger, lines, scope };
}

test('T6: a token never reaches a log, in whatever way it got into the line', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { logger, lines } = loggerWith({ format });
    logger.info({ token: jwt }, 'in a field');
    logger.info({ deep: [{ url: `/?sendID=u1&token=${jwt}&platformID=1` }] }, 'in a URL');
    logger.error({ err: new Error(`cannot verify ${jwt}`) }, `in an error and in the message ${jwt}`);
    const text = lines.join('');
    assert.ok(!text.includes('c2lnbmF0dXJl') && !text.includes('eyJ'), text);
    assert.match(text, /in a URL/);
  }
});

test('T6: nor does a secret, also where JSON escapes it', () => {
  const secrets = ['s3cret-"quoted"', 'postgres://user:password@host/db'];
  const { logger, lines } = loggerWith({ secrets: () => secrets });
  logger.info({ err: new Error(`no connection to ${secrets[1]}`) }, `secret ${secrets[0]}`);
  const text = lines.join('');
  assert.ok(!text.includes('s3cret') && !text.includes('password'), text);
});

test('every line of a request carries its operationID, and others none', async () => {
  const { logger, lines, scope } = loggerWith();
  await scope.run('op-1', async () => {
    await null;
    logger.info('inside');
  });
  logger.info('outside');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).operationID),
    ['op-1', undefined],
  );
});

test('T6 a secret that comes up while the process runs is kept out from then on', () => {
  const secrets = ['first-secret'];
  const { logger, lines } = loggerWith({ secrets: () => [...secrets] });
  logger.info('first-secret second-secret');
  secrets.push('second-secret');
  logger.info('first-secret second-secret');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['[redacted] second-secret', '[redacted] [redacted]'],
  );
});
