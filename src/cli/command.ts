/** What a command of the `tessera` program is, and the settings that several of them share. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { load } from '../config/config.ts';
import { environmentFile, readEnvironment } from '../config/env.ts';
import { optionInfos } from '../config/options.ts';

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole `--help` text; `args` are those of run, for a command that has several. */
  readonly help: (args: readonly string[]) => string;
  /** @returns the exit code. @throws UsageError, ConfigError, or what went wrong. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** One of the things that a command does, named by its first argument: `tessera keys list`. */
export interface Action {
  readonly name: string;
  /** The whole `--help` text of `tessera <command> <action>`. */
  readonly help: string;
  /** As that of a {@link Command}, without the action's name. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** @param command its help is that of the command as a whole */
export function commandWithActions(
  command: Omit<Command, 'run'> & { readonly actions: () => readonly Action[] },
): Command {
  const actionNamed = (name: string | undefined) => command.actions().find((action) => action.name === name);
  return {
    ...command,
    help: (args) => actionNamed(args[0])?.help ?? command.help(args),
    run: async ([name, ...args]) => {
      const action = actionNamed(name);
      if (action !== undefined) return action.run(args);
      throw new UsageError(name === undefined ? 'which of them?' : `no such action: ${name}`);
    },
  };
}

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {
  override name = 'UsageError';
}

type Flags = NonNullable<ParseArgsConfig['options']>;

const configFileName = 'tessera.config.json';

/**
 * Reads the configuration from a command's arguments, the environment and the file.
 * @param own flags of the command itself, beside the settings
 */
export function configFromArgs(args: readonly string[], own: Flags = {}) {
  const settings: Flags = Object.fromEntries(
    optionInfos.map((info) => [info.flag.slice(2), { type: info.kind === 'boolean' ? 'boolean' : 'string' }]),
  );
  const values = parse(args, { ...settings, config: { type: 'string' }, ...own });
  const flags = Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string | boolean] => entry[0] in settings),
  );
  const named = values.config;
  const environment = readEnvironment();
  const loaded = load({
    flags,
    environment: environment.variables,
    environmentFile: { path: environmentFile, names: environment.fromFile },
    file: { path: typeof named === 'string' ? named : configFileName, isRequired: typeof named === 'string' },
  });
  return { ...loaded, values };
}

function parse(args: readonly string[], options: Flags): Record<string, unknown> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
