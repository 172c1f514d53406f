/** The result of bench/token-lifetime as a bar chart for docs/token-lifetime.md. */
import type { Verdict } from './lifetime-verdict.ts';

export interface ChartPart {
  readonly title: string;
  readonly verdicts: readonly Verdict[];
}

const width = 860;
const barsAt = 170;
const barsWidth = 360;
const rowHeight = 30;
const partHeight = 150;
const headHeight = 62;

/** A card of its own colours, light or dark as the reader has it, so that it can be read on any page. */
const style = `
  .card { fill: #ffffff; stroke: #d0d7de; }
  text { fill: #1f2328; font: 14px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
  .head { font-size: 16px; font-weight: 600; }
  .part { font-weight: 600; }
  .muted { fill: #59636e; }
  .track { fill: #eaeef2; }
  .lost { fill: #cf222e; }
  .kept { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .muted { fill: #9198a1; }
    .track { fill: #21262d; }
    .lost { fill: #f85149; }
    .kept { fill: #3fb950; }
  }
`;

export function chartOf(parts: readonly ChartPart[]): string {
  const height = headHeight + parts.length * partHeight;
  const lines = parts.flatMap((part, index) => partOf(part, headHeight + index * partHeight));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">Share of tokens that were refused before their promised end, by layout</title>
<style>${style}</style>
<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${text(24, 36, 'Tokens refused before their promised end, though nobody had kicked or revoked them', 'head')}
${lines.join('\n')}
</svg>
`;
}

function partOf({ title, verdicts }: ChartPart, top: number): string[] {
  return [
    text(24, top + 22, title, 'part'),
    ...verdicts.flatMap((verdict, index) => barOf(verdict, top + 34 + index * rowHeight)),
  ];
}

function barOf({ name, early, entitled, worstErrorMs }: Verdict, top: number): string[] {
  const share = early / entitled;
  const label =
    early === 0
      ? `none of ${entitled.toLocaleString('en')}`
      : `${(100 * share).toFixed(1)} % of ${entitled.toLocaleString('en')}, up to ${(worstErrorMs / 1000).toFixed(1)} s early`;
  return [
    text(24, top + 16, name),
    rect(barsAt, top + 4, barsWidth, 'track'),
    early === 0 ? rect(barsAt, top + 4, 4, 'kept') : rect(barsAt, top + 4, Math.max(2, barsWidth * share), 'lost'),
    text(barsAt + barsWidth + 14, top + 16, label, early === 0 ? 'kept' : 'muted'),
  ];
}

function rect(x: number, y: number, barWidth: number, name: string): string {
  return `<rect class="${name}" x="${x}" y="${y}" width="${barWidth.toFixed(1)}" height="16" rx="2"/>`;
}

function text(x: number, y: number, content: string, name?: string): string {
  return `<text${name === undefined ? '' : ` class="${name}"`} x="${x}" y="${y}">${content}</text>`;
}
