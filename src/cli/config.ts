/** `tessera config`: what is in effect, or the option reference. */
import { type Config, secretsSet, settingsFile } from '../config/config.ts';
import { configurationPage, limitsPage } from '../config/describe.ts';
import { optionInfos } from '../config/options.ts';
import { type Command, configFromArgs } from './command.ts';
import { print } from './print.ts';
import { readStoredSettings } from './stored-settings.ts';
import { textTable } from './text-table.ts';

export const config: Command = {
  name: 'config',
  summary: 'print the effective configuration, without secrets',
  help: () => `Usage: tessera config [flags]

Prints the configuration that \`tessera serve\` with the same flags would use, as a tessera.config.json that may be
used as it is. Secrets, and URLs that may hold a password, are left out; which of them are set goes to standard error.

  --sources print every setting with where its value comes from: default, file, environment, flag, or run time, which is
            what an admin has set while the server ran (read from the database; a server may be running)
  --docs    print the option reference (docs/configuration.md) instead
  --limits  print the table of limits (docs/limits.md) instead
  and every flag of \`tessera serve\`
`,
  run: async (args) => {
    const {
      config: loaded,
      settings,
      values,
    } = configFromArgs(args, {
      docs: { type: 'boolean' },
      limits: { type: 'boolean' },
      sources: { type: 'boolean' },
    });
    if (values.docs === true) await print(configurationPage());
    else if (values.limits === true) await print(limitsPage());
    else if (values.sources === true) await print(await sourcesTable(loaded));
    else await printSettings(settings);
    return 0;
  },
};

/** What was set at run time goes before the others. */
async function sourcesTable(loaded: Config): Promise<string> {
  const { settings, sources } = loaded.origin;
  const stored = await readStoredSettings(loaded);
  const rows = optionInfos.map(({ key, isSecret, atRunTime }) => {
    const set = atRunTime === true ? stored.get(key) : undefined;
    const value = isSecret === true ? mask(settings[key]) : (set ?? JSON.stringify(settings[key]));
    return [key, set === undefined ? sources[key] : 'run time', value];
  });
  return textTable([['SETTING', 'SOURCE', 'VALUE'], ...rows]);
}

function mask(value: { toString(): string }): string {
  return value.toString() === '' ? '(none)' : '***';
}

async function printSettings(settings: Parameters<typeof settingsFile>[0]): Promise<void> {
  await print(JSON.stringify(settingsFile(settings), null, 2));
  const secret = secretsSet(settings);
  if (secret.length > 0) process.stderr.write(`left out, being secret: ${secret.join(', ')}\n`);
}
