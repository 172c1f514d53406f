/** The `tessera` program: picks the command, runs it, turns its failure into a message and an exit code. */

import { ConfigError } from '../config/config.ts';
import { StartError } from '../kernel/start-error.ts';
import { readVersion } from '../version.ts';
import { backup } from './backup.ts';
import { type Command, UsageError } from './command.ts';
import { config } from './config.ts';
import { doctor } from './doctor.ts';
import { jobs } from './jobs.ts';
import { keys } from './keys.ts';
import { nodes } from './nodes.ts';
import { objects } from './objects.ts';
import { print } from './print.ts';
import { serve } from './serve.ts';
import { token } from './token.ts';
import { tokens } from './tokens-import.ts';
import { users } from './users.ts';
import { webhooks } from './webhooks.ts';

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

/** @param args of the command line, beginning with the command's name  @returns the exit code */
export async function runProgram(args: readonly string[]): Promise<number> {
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
