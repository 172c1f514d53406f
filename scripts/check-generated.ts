/** Checks that the committed generated files are what their generators make today. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generators, withFreshlyGenerated } from './generators.ts';
import { projectRoot } from './tools.ts';

await withFreshlyGenerated(async (directory) => {
  const stale = generators.flatMap(({ output }) => differences(output, directory, projectRoot));
  for (const complaint of stale) console.error(`${complaint}; run: npm run generate`);
  process.exitCode = stale.length === 0 ? 0 : 1;
});

/** How `output` below `committed` differs from the same below `fresh`, one phrase for each file. */
function differences(output: string, fresh: string, committed: string): string[] {
  const files = new Set([...filesOf(fresh, output), ...filesOf(committed, output)]);
  return [...files].sort().flatMap((file) => {
    const [wanted, found] = [contentOf(join(fresh, file)), contentOf(join(committed, file))];
    if (wanted === found) return [];
    if (found === undefined) return [`${file} is missing`];
    return [wanted === undefined ? `${file} is no longer generated` : `${file} is out of date`];
  });
}

/** Paths relative to `root` of the file `output`, or of the files in the folder `output`. */
function filesOf(root: string, output: string): string[] {
  return globSync([output, `${output}/**/*`], { cwd: root }).filter((path) => statSync(join(root, path)).isFile());
}

function contentOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;
}
