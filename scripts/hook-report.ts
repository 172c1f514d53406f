/**
 * Holds the hooks against docs/protocol/objects-push-webhooks.md, 3.4 to 3.9: each row has its hook with its command, a
 * call in test/wire/hook-scenes that fires it with its whole body, and each "Known defect" a rule in
 * docs/spec/files-push-webhooks.md, whose tests exist. Run by test/docs/hook-report.test.ts, or by hand: prints one line
 * per fault and exits with 1 when there is one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hook, hookTable } from '../src/webhooks/hook-table.ts';
import { readTestTitles } from '../test/docs/test-titles.ts';
import { allScenes } from '../test/wire/hook-scenes/index.ts';

const root = join(import.meta.dirname, '..');
const tables = ['3.4', '3.5', '3.6', '3.7', '3.8', '3.9'];
const sections = ['3.1', '3.2', ...tables];
/** OpenIM has their keys, and never fires them. */
const neverFired: ReadonlySet<string> = new Set(['afterGroupMsgRevoke']);

if (import.meta.main) {
  const faults = hookFaults();
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

export function hookFaults(): readonly string[] {
  const chapter = sectionsOf('docs/protocol/objects-push-webhooks.md');
  const spec = sectionsOf('docs/spec/files-push-webhooks.md');
  const titles = new Set(readTestTitles().map(({ file, title }) => `\`${file}\`: ${title}`));
  const fired = new Set(allScenes.flatMap(({ heard }) => heard.map(([command]) => `callback${command}Command`)));
  const hooks: Readonly<Record<string, Hook>> = hookTable;
  return sections.flatMap((section) => {
    const text = chapter.get(section) ?? '';
    const rows = !tables.includes(section) ? [] : [...text.matchAll(/^\| (\w+) \| \**(callback\w+|–)/gm)];
    const rules = spec.get(section) ?? '';
    return [
      ...(tables.includes(section) && rows.length === 0 ? [`${section} has no rows`] : []),
      ...rows.flatMap(([, key = '', command]) => {
        if (neverFired.has(key)) return [];
        const hook = hooks[key];
        if (hook === undefined || hook.command !== command)
          return [`${section} ${key}: no hook with the command ${command}`];
        return fired.has(hook.command) ? [] : [`${section} ${key}: no scene fires it`];
      }),
      ...[...text.matchAll(/^Known defect/gm)].slice(rules.split('Known defect').length - 1).map(() => {
        return `${section}: a Known defect without a rule`;
      }),
      ...[...rules.matchAll(/`(?:test|src)\/[^`]+`: [^|]*?(?=<br>| \|)/g)]
        .filter(([test]) => !titles.has(test))
        .map(([test]) => `${section}: no test ${test}`),
    ];
  });
}

/** By number: what stands below its heading. */
function sectionsOf(page: string): ReadonlyMap<string, string> {
  const [, ...parts] = readFileSync(join(root, page), 'utf8').split(/^#{2,3} ([\d.]*\d)/m);
  return new Map(parts.flatMap((number, index) => (index % 2 === 0 ? [[number, parts[index + 1] ?? '']] : [])));
}
