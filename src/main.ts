/** The `tessera` program: picks the command, runs it, turns its failure into a message and an exit code. */
import { backup } from './cli/backup.ts';
import { type Command, UsageError } from './cli/command.ts';
import { config } from './cli/config.ts';
import { doctor } from './cli/doctor.ts';
import { jobs } from './cli/jobs.ts';
import { keys } from './cli/keys.ts';
import { nodes } from './cli/nodes.ts';
import { objects } from './cli/objects.ts';
import { print } from './cli/print.ts';
import { serve } from './cli/serve.ts';
import { token } from './cli/token.ts';
import { tokens } from './cli/tokens-import.ts';
import { users } from './cli/users.ts';
import { webhooks } from './cli/webhooks.ts';
import { ConfigError } from './config/config.ts';
import { StartError } from './kernel/start-error.ts';
import { readVersion } from './version.ts';

const commands: readonly Command[] = [
  serve,
  backup,
  config,
  doctor,
  jobs,
  keys,
  nodes,
  objects,
  token,
  tokens,
  users,
  webhooks,
];

// A reader that goes away ends no work. What has to know of it waits for its writes: the log, and print.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = args;
  if (name === '--version' || name === '-v') return answer(readVersion());
  if (name === '--help' || name === '-h' || name === 'help') return answer(overview());
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) return fail(`unknown command ${name}\n\n${overview()}`, 2);
  if (rest.includes('--help') || rest.includes('-h')) return answer(command.help(rest));
  try {
    return await command.run(rest);
  } catch (error) {
    return explain(command, error);
  }
}

/** Failures that the user can mend get their message; anything else is ours, and shows where it happened. */
function explain(command: Command, error: unknown): number {
  if (error instanceof UsageError) return fail(`${error.message}\nSee tessera ${command.name} --help`, 2);
  if (error instanceof ConfigError) return fail(`the configuration has a problem:\n${error.message}`, 2);
  if (error instanceof StartError) return fail(error.message, 1);
  return fail(error instanceof Error ? (error.stack ?? error.message) : String(error), 1);
}

function overview(): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`);
  return `Tessera ${readVersion()}: an instant-messaging server that speaks the OpenIM v3.8 protocol

Usage: tessera <command> [flags]

${lines.join('\n')}

tessera <command> --help explains a command; tessera --version prints the version.`;
}

async function answer(text: string): Promise<number> {
  await print(text);
  return 0;
}

function fail(text: string, exitCode: number): number {
  process.stderr.write(`tessera: ${text.trimEnd()}\n`);
  return exitCode;
}
