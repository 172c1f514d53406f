/** Runs the project's development tools. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';

/** The checkout. */
export const projectRoot = join(import.meta.dirname, '..');

export interface ToolResult {
  /** Exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a tool that npm installed, or `node`, without input, and collects what it prints. Settings for Tessera itself
 * do not reach it. Rejects when there is no such tool.
 */
export async function runTool(tool: string, args: readonly string[], cwd: string): Promise<ToolResult> {
  const settings = Object.entries(process.env).filter(([name]) => !name.startsWith('TESSERA_'));
  const path = [join(projectRoot, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  const child = spawn(tool === 'node' ? process.execPath : tool, args, {
    cwd,
    env: { ...Object.fromEntries(settings), PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code: code ?? signal, stdout, stderr };
}
