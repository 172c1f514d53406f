/** The generated files that are committed, and how each is made. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot, runTool } from './tools.ts';

/** Makes one committed file or folder. */
export interface Generator {
  /** What it makes, relative to the project's root. */
  readonly output: string;
  /** Writes `output` below the directory `target` instead. Throws when the tool fails. */
  write(target: string): Promise<void>;
}

/** A new generator is one more line here; `npm run generate` and `npm run check` follow. */
export const generators: readonly Generator[] = [
  written('src/protocol/gen', (target) => ['buf', 'generate', '--output', target]),
  printed('docs/configuration.md', ['node', 'bin/tessera.js', 'config', '--docs']),
  printed('docs/spec/access.md', ['node', 'scripts/reference.ts', 'access']),
  printed('docs/endpoints.md', ['node', 'scripts/reference.ts', 'endpoints']),
  printed('docs/openapi.json', ['node', 'scripts/reference.ts', 'openapi']),
  printed('docs/limits.md', ['node', 'bin/tessera.js', 'config', '--limits']),
];

/** Runs every generator in a temporary directory and hands that to `use`, which finds each `output` below it. */
export async function withFreshlyGenerated(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-generated-'));
  try {
    await Promise.all(generators.map((generator) => generator.write(directory)));
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A tool that takes the directory to write to. */
function written(output: string, command: (target: string) => readonly string[]): Generator {
  return { output, write: async (target) => void (await succeed(command(target))) };
}

/** A tool that prints the file. */
function printed(output: string, command: readonly string[]): Generator {
  return {
    output,
    async write(target) {
      const text = await succeed(command);
      await mkdir(dirname(join(target, output)), { recursive: true });
      await writeFile(join(target, output), text);
    },
  };
}

async function succeed([tool = '', ...args]: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runTool(tool, args, projectRoot);
  if (code !== 0) throw new Error(`${tool} ${args.join(' ')} failed (${code}):\n${stdout}${stderr}`);
  return stdout;
}
