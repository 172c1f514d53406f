/** What commands that ask the running server share: their flags, what they print, and how they read what they are given. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { ApiAddress } from './api-client.ts';
import { type Action, configFromArgs, UsageError } from './command.ts';
import { print } from './print.ts';
import { terminalJson } from './text-table.ts';

/** What the flags say, by their names. */
export type Values = Readonly<Record<string, unknown>>;

export interface ApiAction extends Pick<Action, 'name' | 'help'> {
  /** Beside the common ones. */
  readonly flags: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
  readonly run: (config: Config, values: Values) => Promise<Result>;
}

interface Result {
  /** For people. */
  readonly text: string;
  /** For programs. */
  readonly data: unknown;
  readonly exitCode?: number;
}

export function apiAction({ name, help, flags, run }: ApiAction): Action {
  return {
    name,
    help: help + commonHelp,
    run: async (args) => {
      const { config, values } = configFromArgs(args, { ...commonFlags, ...flags });
      const { text, data, exitCode = 0 } = await run(config, values);
      await print(values.json === true ? terminalJson(data) : text);
      return exitCode;
    },
  };
}

const commonFlags = { json: { type: 'boolean' }, url: { type: 'string' }, insecure: { type: 'boolean' } } as const;

const commonHelp = `  --url      of the server's REST API; by default the one that this configuration starts on this machine
  --insecure may send secrets and tokens to another machine by plain http
  --json     for programs; times are Unix milliseconds
  and every flag of \`tessera serve\`, above all --data-dir or --secret: those of the server. Everybody on the machine
  sees flags, in \`ps\`: a secret belongs in the environment, in .env or in the configuration file.
`;

export function apiAddress(values: Values): ApiAddress {
  return { url: textOf(values, 'url'), isInsecure: values.insecure === true };
}

/** The token of --token, or of standard input. @throws UsageError if it is missing */
export function readToken(values: Values): string {
  const given = required(values, 'token');
  return (given === '-' ? readFileSync(0, 'utf8') : given).trim();
}

/** @throws UsageError if it is missing or empty */
export function required(values: Values, name: string): string {
  const value = textOf(values, name);
  if (value === '') throw new UsageError(`--${name} is missing`);
  return value;
}

/** Empty if it is missing. */
export function textOf(values: Values, name: string): string {
  const value = values[name];
  return typeof value === 'string' ? value : '';
}
