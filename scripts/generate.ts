/** `npm run generate`: brings every generated file up to date. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { generators, withFreshlyGenerated } from './generators.ts';
import { projectRoot } from './tools.ts';

await withFreshlyGenerated(async (directory) => {
  for (const { output } of generators) {
    await rm(join(projectRoot, output), { recursive: true, force: true });
    await cp(join(directory, output), join(projectRoot, output), { recursive: true });
    console.log(`generated ${output}`);
  }
});
