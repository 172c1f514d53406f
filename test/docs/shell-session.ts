/** Runs the console blocks of a page in one shell, as a reader would type them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** A command of a console block, and what the page says it prints. */
export interface Step {
  readonly command: string;
  /** Without the last line break; '' for nothing. */
  readonly output: string;
}

export interface StepResult {
  /** Standard output and error, without the last line break. */
  readonly output: string;
  readonly exitCode: number;
}

/** Lines with `$ ` are commands, going on after a backslash at their end; what follows is their output. */
export function stepsOf(block: string): Step[] {
  const steps: { command: string; output: string[] }[] = [];
  let isContinued = false;
  for (const line of block.split('\n')) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), output: [] });
    else if (last === undefined) throw new Error(`output without a command: ${line}`);
    else if (isContinued) last.command += `\n${line}`;
    else last.output.push(line);
    isContinued = line.endsWith('\\') && (isContinued || line.startsWith('$ '));
  }
  return steps.map(({ command, output }) => ({ command, output: output.join('\n') }));
}

/**
 * Runs the commands one after the other in one bash, so that variables and functions live on. A command that fails does
 * not stop the session. Results are in the order of the commands; fewer, if a command ended the shell.
 */
export async function runSession(
  commands: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<StepResult[]> {
  const script = commands.map((command) => `${command}\nprintf '%s\\036' $?`).join('\n');
  const bash = spawn('bash', ['-c', `exec 2>&1\n${script}`], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await Promise.all([text(bash.stdout), once(bash, 'close')]);
  return printed.split('\x1e').slice(0, -1).map(toResult);
}

/** The exit code stands at the very end, right after the last byte of the output. */
function toResult(printed: string): StepResult {
  const [, output = '', exitCode = ''] = /^(.*?)(\d+)$/s.exec(printed) ?? [];
  return { output: output.replace(/\n$/, ''), exitCode: Number(exitCode) };
}
