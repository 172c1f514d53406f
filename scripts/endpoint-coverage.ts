/**
 * Which endpoints of OpenIM there are here: those that the protocol reference names beside the route table. Made into
 * docs/endpoints.md, and held against both READMEs by test/docs/readme.test.ts.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitoringPaths } from '../src/http/monitoring.ts';
import { endpoints } from '../src/http/routes/index.ts';
import { projectRoot } from './tools.ts';

export interface AreaCoverage {
  /** `/user` */
  readonly area: string;
  readonly working: readonly string[];
  /** Of those that work, what OpenIM does not have. */
  readonly ours: readonly string[];
  readonly missing: readonly string[];
}

/** Areas by their names. */
export function endpointCoverage(): AreaCoverage[] {
  const named = referencePaths();
  const working = new Set<string>([...endpoints.map(({ path }) => path), ...monitoringPaths]);
  const byArea = Map.groupBy(new Set([...named, ...working]), (path) => `/${path.split('/')[1]}`);
  return [...byArea]
    .map(([area, paths]) => ({
      area,
      working: paths.filter((path) => working.has(path)).sort(),
      ours: paths.filter((path) => !named.has(path)).sort(),
      missing: paths.filter((path) => !working.has(path)).sort(),
    }))
    .sort((a, b) => (a.area < b.area ? -1 : 1));
}

/** docs/endpoints.md, whole. */
export function endpointsPage(): string {
  const sections = endpointCoverage().flatMap(({ area, working, ours, missing }) => [
    `## ${area}`,
    '',
    ...list(
      'Works',
      working.filter((path) => !ours.includes(path)),
    ),
    ...list('Works, and OpenIM does not have it', ours),
    ...list('Not yet', missing),
  ]);
  return [
    '# Endpoints',
    '',
    'Generated from the route table and the protocol reference by `npm run generate`. How each is called:',
    '[openapi.json](openapi.json), or `/docs` of a running server; by whom: [spec/access.md](spec/access.md). Beside these',
    'there are `/oauth2/introspect` and `/oauth2/revoke`, see [tokens.md](tokens.md).',
    '',
    ...sections,
  ].join('\n');
}

function list(title: string, paths: readonly string[]): string[] {
  return paths.length === 0 ? [] : [`${title}:`, '', ...paths.map((path) => `- \`${path}\``), ''];
}

/** Of what OpenIM does not have. */
const ourChapter = 'beyond-openim.md';

/** Paths as the reference writes them, and the names in its table of /msg endpoints. */
function referencePaths(): ReadonlySet<string> {
  const chapters = globSync('docs/protocol/*.md', { cwd: projectRoot }).filter((page) => !page.endsWith(ourChapter));
  const pages = chapters.map((page) => readFileSync(join(projectRoot, page), 'utf8'));
  const paths = new Set(pages.flatMap((text) => [...text.matchAll(pathPattern)].map(([path]) => path)));
  for (const text of pages) {
    const [, table = ''] = /^## \d+\. \/msg endpoints\n\n((?:\|.*\n)+)/m.exec(text) ?? [];
    for (const row of table.split('\n').slice(2)) {
      for (const [name] of (row.split('|')[1] ?? '').matchAll(/\w+_\w+/g)) paths.add(`/msg/${name}`);
    }
  }
  for (const text of pages) {
    for (const [, names = ''] of text.matchAll(/GET \/prometheus_discovery\/\{([\w,]+)\}/g)) {
      for (const name of names.split(',')) paths.add(`/prometheus_discovery/${name}`);
    }
    if (text.includes('`POST /restart`')) paths.add('/restart');
  }
  for (const path of notServed) paths.delete(path);
  return paths;
}

const pathPattern =
  /(?<![\w/])\/(?:auth|user|friend|group|msg|conversation|object|third|jssdk|statistics|config)\/[a-z_A-Z]+(?:\/[a-z]+)?\b/g;

/** Named by the reference only to say that nothing serves them. */
const notServed = ['/conversation/get_conversations_has_read_and_max_seq'];
