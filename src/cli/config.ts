/** `tessera config`: what is in effect, or the option reference. */
import { secretsSet, settingsFile } from '../config/config.ts';
import { configurationPage, limitsPage } from '../config/describe.ts';
import { type Command, configFromArgs } from './command.ts';
import { print } from './print.ts';

export const config: Command = {
  name: 'config',
  summary: 'print the effective configuration, without secrets',
  help: () => `Usage: tessera config [flags]

Prints the configuration that \`tessera serve\` with the same flags would use, as a tessera.config.json that may be
used as it is. Secrets, and URLs that may hold a password, are left out; which of them are set goes to standard error.

  --docs    print the option reference (docs/configuration.md) instead
  --limits  print the table of limits (docs/limits.md) instead
  and every flag of \`tessera serve\`
`,
  run: async (args) => {
    const { settings, values } = configFromArgs(args, {
      docs: { type: 'boolean' },
      limits: { type: 'boolean' },
    });
    if (values.docs === true) await print(configurationPage());
    else if (values.limits === true) await print(limitsPage());
    else await printSettings(settings);
    return 0;
  },
};

async function printSettings(settings: Parameters<typeof settingsFile>[0]): Promise<void> {
  await print(JSON.stringify(settingsFile(settings), null, 2));
  const secret = secretsSet(settings);
  if (secret.length > 0) process.stderr.write(`left out, being secret: ${secret.join(', ')}\n`);
}
