/**
 * Endpoints of every area, and what holds them: every route of the reference, its
 * scenarios and its place in OpenAPI; and for each section of the reference the rules of docs/spec/people-and-groups.md,
 * messages-and-conversations.md and, of files, files-push-webhooks.md. Prints both tables, and exits with 1 when something is missing.
 * test/docs/endpoint-report.test.ts holds the same.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint } from '../src/http/endpoint.ts';
import { monitoringPaths } from '../src/http/monitoring.ts';
import { endpoints } from '../src/http/routes/index.ts';
import { cellsOf } from '../test/docs/markdown.ts';
import { readTestTitles } from '../test/docs/test-titles.ts';
import { malformed } from '../test/wire/malformed.ts';
import { refusals } from '../test/wire/refusals.ts';
import { endpointCoverage } from './endpoint-coverage.ts';
import { projectRoot } from './tools.ts';

export interface EndpointLine {
  readonly path: string;
  readonly isInOpenApi: boolean;
  /** Tests in test/wire whose tables it has. */
  readonly scenarioFiles: readonly string[];
  /** How many scenarios testEndpoint adds of each kind. */
  readonly allowed: number;
  readonly denied: number;
  readonly malformed: number;
  readonly faults: readonly string[];
}

export interface SectionLine {
  /** `relations-groups 8.1` */
  readonly section: string;
  readonly knownDefects: number;
  /** Of them those that have a row on the page. */
  readonly linkedDefects: number;
  readonly rules: number;
  readonly faults: readonly string[];
}

export interface EndpointReport {
  readonly endpoints: readonly EndpointLine[];
  readonly sections: readonly SectionLine[];
}

export function endpointReport(): EndpointReport {
  return { endpoints: endpointLines(), sections: sectionLines() };
}

const areas = [
  ...['/auth', '/user', '/friend', '/group', '/conversation', '/msg', '/jssdk', '/statistics', '/third', '/object'],
  ...['/config', '/restart', '/prometheus_discovery', '/jobs'],
];
const monitoringTest = 'test/wire/monitoring-pages.test.ts';
/** The sections of objects-push-webhooks.md that are told of files; push and webhooks are not whole yet. */
const files = /^(?:1|5\.3)(?:\.|:|$)/;
/** Where the rules are; a heading there that names no chapter means `chapter`. */
const pages = [
  { page: 'docs/spec/people-and-groups.md', chapter: '' },
  { page: 'docs/spec/operators.md', chapter: '' },
  { page: 'docs/spec/messages-and-conversations.md', chapter: 'conversations-messages ' },
  { page: 'docs/spec/files-push-webhooks.md', chapter: 'objects-push-webhooks ', only: files },
];
/** Whose rules these are; where something must be told of a section, by its number. */
const chapters = [
  { chapter: 'relations-groups', sections: /^(?:[3-9]|10|12)(?:\.|$)/, mustHaveRules: /^(?:[5-9]|10)(?:\.|$)/ },
  { chapter: 'rest-core', sections: /^(?:[789]|1[012])(?:\.|$)/, mustHaveRules: /^(?:[789]|1[012])(?:\.|$)/ },
  { chapter: 'conversations-messages', sections: /^(?:[3-9])(?:\.|$)/, mustHaveRules: /^(?:[4-9])(?:\.|$)/ },
  { chapter: 'objects-push-webhooks', sections: files, mustHaveRules: files },
  { chapter: 'beyond-openim', sections: /^[1-9]/, mustHaveRules: /^[1-9]/ },
  { chapter: 'websocket', sections: /^(?:1|2)00\d/, mustHaveRules: /^(?:1|2)00\d/ },
];

function endpointLines(): EndpointLine[] {
  const openApiPaths: object = JSON.parse(read('docs/openapi.json')).paths;
  const tables = globSync('test/wire/*.test.ts', { cwd: projectRoot })
    .sort()
    .map((file) => ({ file, text: read(file) }))
    .filter(({ text }) => text.includes('testEndpoint('));
  const paths = endpointCoverage()
    .filter(({ area }) => areas.includes(area))
    .flatMap(({ working, missing }) => [...working, ...missing]);
  return paths.map((path) => {
    const endpoint = endpoints.find((candidate) => candidate.path === path);
    const line = {
      path,
      isInOpenApi: path in openApiPaths,
      scenarioFiles: tables.filter(({ text }) => text.includes(`/routes${path}.ts'`)).map(({ file }) => file),
      ...(endpoint === undefined ? { allowed: 0, denied: 0, malformed: 0 } : addedScenarios(endpoint)),
    };
    // Pages by GET have no schema and no caller.
    if (monitoringPaths.includes(path)) {
      const scenarioFiles = [monitoringTest].filter((file) => read(file).includes(`/${path.split('/')[1]}/`));
      const faults = scenarioFiles.length > 0 ? [] : ['has no scenarios of its own'];
      return { ...line, scenarioFiles, faults };
    }
    const kinds = ['allowed', 'denied', 'malformed'] as const;
    const faults = [
      ...(endpoint === undefined ? ['there is no such route'] : []),
      ...(line.isInOpenApi ? [] : ['is not in docs/openapi.json']),
      ...(line.scenarioFiles.length > 0 ? [] : ['has no scenarios of its own']),
      ...kinds
        .filter((kind) => endpoint?.access !== 'public' || kind === 'malformed')
        .filter((kind) => line[kind] === 0)
        .map((kind) => `has no scenario that is ${kind}`),
    ];
    return { ...line, faults };
  });
}

function addedScenarios(endpoint: Endpoint) {
  const callers = [...refusals(endpoint)].map(({ name }) => name);
  const others = [...malformed(endpoint)].map(({ name }) => name);
  const isAboutToken = (name: string) => / token .*is \d+/.test(name);
  return {
    allowed: callers.filter((name) => / is (?:let in|done) for /.test(name)).length,
    denied:
      callers.filter((name) => / is (?:1002|refused) for /.test(name)).length + others.filter(isAboutToken).length,
    malformed: others.filter((name) => !isAboutToken(name)).length,
  };
}

interface Rule {
  /** Known defects as the reference begins to tell them, error codes with their number. */
  readonly text: string;
  readonly heldBy: readonly string[];
}

function sectionLines(): SectionLine[] {
  const titles = new Set(readTestTitles().map(({ file, title }) => `\`${file}\`: ${title}`));
  const rulesBySection = readRules();
  const lines = chapters.flatMap(({ chapter, sections, mustHaveRules }) =>
    [...readSections(`docs/protocol/${chapter}.md`)]
      .filter(([number]) => sections.test(number))
      .map(([number, text]): SectionLine => {
        const section = `${chapter} ${number}`;
        const rules = rulesBySection.get(section) ?? [];
        rulesBySection.delete(section);
        const defects = defectsIn(text);
        const open = defects.filter((defect) => !rules.some((rule) => tells(rule, defect)));
        const faults = [
          ...open.map((defect) => `has no row for: ${defect.slice(0, 80)}`),
          ...(mustHaveRules.test(number) && isLeaf(text) && rules.length === 0 ? ['has no rules in docs/spec'] : []),
          ...codesIn(text)
            .filter((code) => !rules.some((rule) => rule.text.startsWith(code)))
            .map((code) => `has no row for the code ${code}`),
          ...rules.flatMap((rule) => faultsOf(rule, defects, titles)),
        ];
        const linkedDefects = defects.length - open.length;
        return { section, knownDefects: defects.length, linkedDefects, rules: rules.length, faults };
      }),
  );
  const unknown = [...rulesBySection.keys()].map((section) => ({
    ...{ section, knownDefects: 0, linkedDefects: 0, rules: 0 },
    faults: ['is no section of these chapters'],
  }));
  return [...lines.filter(({ rules, faults }) => rules + faults.length > 0), ...unknown];
}

function faultsOf({ text, heldBy }: Rule, defects: readonly string[], titles: ReadonlySet<string>): string[] {
  const isKnown = !text.startsWith(defectMark) || defects.some((defect) => tells({ text }, defect));
  return [
    ...(isKnown ? [] : [`tells of no such defect: ${text}`]),
    ...(heldBy.length > 0 ? [] : [`names no test: ${text}`]),
    ...heldBy.filter((test) => !laterPattern.test(test) && !titles.has(test)).map((test) => `no test ${test}`),
  ];
}

/** What another issue brings. */
const laterPattern = /^issue \d+: \w/;
const defectMark = 'Known defect: ';

/** A rule quotes the beginning of a defect; what it says of a part of it stands in brackets behind. */
function tells({ text }: Pick<Rule, 'text'>, defect: string): boolean {
  return text.startsWith(defectMark) && defect.startsWith(text.slice(defectMark.length).replace(/ \[.*\]$/, ''));
}

function defectsIn(section: string): string[] {
  return section
    .split('Known defect: ')
    .slice(1)
    .map((text) => text.replaceAll(/\*\*/g, ''));
}

/** The error codes that a section explains in a table of them. */
function codesIn(section: string): string[] {
  if (!section.includes('| Code | errMsg |')) return [];
  return [...section.matchAll(/^\| (\d+) \| \w+ \|/gm)].map(([, code = '']) => code);
}

/** Not a heading with nothing but sections under it. */
function isLeaf(section: string): boolean {
  return section.replaceAll(/^-+$/gm, '').trim() !== '';
}

/** The text under each numbered heading, without that of the headings under it. */
function readSections(file: string): Map<string, string> {
  const parts = read(file)
    .split(/^#{2,3} (?=\d)/m)
    .slice(1);
  return new Map(
    parts.map((part) => {
      const [number = '', text = ''] = [/^[\d.]*\d/.exec(part)?.[0], part.slice(part.indexOf('\n'))];
      return [number, text.split(/^## /m)[0] ?? ''];
    }),
  );
}

/** By section, as the headings of the pages name them. */
function readRules(): Map<string, Rule[]> {
  const parts = pages.flatMap(({ page, chapter, only = /^/ }) =>
    read(page)
      .split(/^## /m)
      .slice(1)
      .filter((part) => only.test(part))
      .map((part) => (/^\d/.test(part) ? `${chapter}${part}` : part)),
  );
  const bySection = new Map<string, Rule[]>();
  for (const part of parts) {
    const section = /^[\w-]+ [\d.]*\d/.exec(part)?.[0] ?? part.slice(0, 40);
    const rows = part.split('\n').filter((line) => line.startsWith('| '));
    const rules = rows.slice(2).map((row): Rule => {
      const [text = '', tests = ''] = cellsOf(row);
      return { text, heldBy: tests === '' ? [] : tests.split('<br>') };
    });
    bySection.set(section, [...(bySection.get(section) ?? []), ...rules]);
  }
  return bySection;
}

function read(file: string): string {
  return readFileSync(join(projectRoot, file), 'utf8');
}

if (import.meta.main) {
  const report = endpointReport();
  console.log(
    'allowed: refusals.ts, group-matrix.ts; denied: these and the tokens of malformed.ts; malformed: malformed.ts',
  );
  console.table(
    report.endpoints.map(({ faults, scenarioFiles, ...line }) => ({
      ...line,
      'own scenarios': scenarioFiles.map((file) => file.replace(/^test\/wire\/|\.test\.ts$/g, '')).join(', '),
      faults: faults.length,
    })),
  );
  console.table(report.sections.map(({ faults, ...line }) => ({ ...line, faults: faults.length })));
  const faults = [
    ...report.endpoints.flatMap(({ path, faults }) => faults.map((fault) => `${path} ${fault}`)),
    ...report.sections.flatMap(({ section, faults }) => faults.map((fault) => `${section} ${fault}`)),
  ];
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
