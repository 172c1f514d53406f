/** The option list as people read it: a Markdown page for docs/, plain lines for `--help`. */
import { formatDuration } from './duration.ts';
import { limits } from './limits.ts';
import { type OptionInfo, optionInfos } from './options.ts';

/** docs/configuration.md, whole. */
export function configurationPage(): string {
  const rows = optionInfos
    .filter(({ key }) => !(key in limits))
    .map(
      (info) =>
        `| \`${info.env}\` | \`${info.flag}\` | \`${info.key}\` | ${typeOf(info)} | ${defaultOf(info)} | ${runTimeOf(info)} | ${info.description} |`,
    );
  return [
    '# Configuration',
    '',
    'Generated from `src/config/options.ts` by `npm run generate`.',
    '',
    'Four sources, the earlier winning: flags, `TESSERA_*` environment variables (also from a `.env` file in the working',
    'directory), `tessera.config.json` in the working directory (or the file that `--config` names), defaults. Unknown keys',
    'are errors. Lists are comma-separated in flags and variables and JSON arrays in the file. `tessera config` prints what',
    'is in effect, as such a file without secrets.',
    '',
    ...secretsAdvice(),
    '',
    ...runTimeAdvice,
    '',
    '| variable | flag | key in the file | type | default | at run time | meaning |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    'The bounds on what clients may send, store and hold open are settings of the same kind: [limits.md](limits.md).',
    '',
  ].join('\n');
}

/** docs/limits.md, whole. */
export function limitsPage(): string {
  const rows = Object.entries(limits).map(([key, { default: value, unit, beyond, description, ...rest }]) => {
    const env = optionInfos.find((info) => info.key === key)?.env ?? key;
    return `| \`${env}\` | ${value} | ${unit} | ${runTimeOf(rest)} | ${description} | ${beyond} |`;
  });
  return [
    '# Limits',
    '',
    'Generated from `src/config/limits.ts` by `npm run generate`. Each is a setting (variable, flag or key of the',
    'configuration file, see [configuration.md](configuration.md)); tests hold each at its edge and one beyond.',
    '',
    '| variable | default | unit | at run time | of what | beyond it |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** One option per two lines, indented, for `tessera serve --help`. */
export function optionHelp(): string {
  return optionInfos
    .map((info) => `  ${info.flag}  (${typeOf(info)}, default ${defaultOf(info)})\n      ${info.description}`)
    .join('\n');
}

/** Where the secrets go, in lines. */
export function secretsAdvice(): readonly string[] {
  const flags = optionInfos.filter(({ isSecret }) => isSecret === true).map(({ flag }) => flag);
  return [
    'Everybody on the machine sees flags, in `ps`. What is secret belongs in the environment, in .env or in the',
    `configuration file: ${flags.join(', ')}.`,
  ];
}

const runTimeAdvice = [
  'Before all these sources go settings that an admin has changed while the server runs (`/config/set_config`): those with',
  '"yes" under "at run time", limits included. They are kept in the database, and every node goes by them within three',
  'seconds; [run-time-settings.md](run-time-settings.md). `tessera config --sources` says where each value comes from.',
];

function runTimeOf({ atRunTime }: { readonly atRunTime?: true }): string {
  return atRunTime === true ? 'yes' : '';
}

function typeOf(info: OptionInfo): string {
  switch (info.kind) {
    case 'choice':
      return info.choices.join(', ');
    case 'duration':
      return `duration up to ${formatDuration(info.maximumMs)}`;
    case 'cron':
      return 'cron expression';
    default:
      return info.kind;
  }
}

function defaultOf(info: OptionInfo): string {
  if (Array.isArray(info.default)) return info.default.length === 0 ? '(none)' : info.default.join(',');
  return info.default === '' ? '(none)' : String(info.default);
}
