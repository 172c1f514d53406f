/**
 * Structured logs. Every line passes one scrubber on its way out, so that a token or a secret cannot reach a log however
 * it got into a message, a field or an error's stack (promise T6).
 */
import { Writable } from 'node:stream';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import pretty from 'pino-pretty';
import { LogOutput } from './log-output.ts';
import type { OperationScope } from './operation.ts';

/** What the rest of the code may do with a log. */
export type Logger = Pick<PinoLogger, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'>;

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'auto' | 'json' | 'pretty';
  /** Texts that must never be printed now: the admin secret, signing keys, connection URLs. */
  readonly secrets: () => readonly string[];
  readonly scope: OperationScope;
  /** Where lines go; standard output by default. */
  readonly destination?: NodeJS.WritableStream & { isTTY?: boolean };
}

/** `level` may be set at any time. */
export function createLogger(options: LoggerOptions): Logger & { level: string } {
  const destination = options.destination ?? process.stdout;
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && destination.isTTY === true);
  const scrub = createScrubber(options.secrets);
  const output = new LogOutput(destination);
  const lines: DestinationStream = isPretty
    ? pretty({
        destination: scrubbedStream(output, scrub),
        translateTime: 'SYS:HH:MM:ss.l',
        ignore: 'pid,hostname',
      })
    : { write: (line) => output.write(scrub(line)) };
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      mixin: () => {
        const operationID = options.scope.current();
        return operationID === undefined ? {} : { operationID };
      },
    },
    lines,
  );
  output.onRoom = (dropped) => logger.warn({ dropped }, 'log lines were dropped: nobody read them');
  return logger;
}

/** Replaces anything shaped like a JWT, and every given secret, in a text. */
function createScrubber(currentSecrets: () => readonly string[]): (text: string) => string {
  let secrets: readonly string[] = [];
  let pattern = patternOf(secrets);
  return (text) => {
    const current = currentSecrets();
    // Keys are rotated while the process runs.
    if (current.length !== secrets.length || current.some((secret, index) => secret !== secrets[index])) {
      secrets = current;
      pattern = patternOf(secrets);
    }
    return text.replace(pattern, '[redacted]');
  };
}

/** Whatever begins like one, without a second look: what has to follow would be searched for again and again. */
const somethingLikeAToken = 'eyJ[\\w-]{4}[\\w.-]*';

function patternOf(secrets: readonly string[]): RegExp {
  // Secrets shorter than this would blank out ordinary words; only development mode has such.
  const known = secrets
    .filter((secret) => secret.length >= 6)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const patterns = [somethingLikeAToken, ...known.map(RegExp.escape)];
  return new RegExp(patterns.join('|'), 'g');
}

function scrubbedStream(output: LogOutput, scrub: (text: string) => string): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      output.write(scrub(String(chunk)));
      done();
    },
  });
}
