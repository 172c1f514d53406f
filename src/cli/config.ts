/** `tessera config`: what is in effect, or the option reference. */
import { maskedConfig } from '../config/config.ts';
import { configurationPage, limitsPage } from '../config/describe.ts';
import { type Command, configFromArgs } from './command.ts';
import { print } from './print.ts';

export const config: Command = {
  name: 'config',
  summary: 'print the effective configuration, secrets masked',
  help: () => `Usage: tessera config [flags]

Prints the configuration that \`tessera serve\` with the same flags would use, as JSON. Secrets are masked, durations
are in milliseconds.

  --docs    print the option reference (docs/configuration.md) instead
  --limits  print the table of limits (docs/limits.md) instead
  and every flag of \`tessera serve\`
`,
  run: async (args) => {
    const { config: effective, values } = configFromArgs(args, {
      docs: { type: 'boolean' },
      limits: { type: 'boolean' },
    });
    if (values.docs === true) await print(configurationPage());
    else if (values.limits === true) await print(limitsPage());
    else await print(JSON.stringify(maskedConfig(effective), null, 2));
    return 0;
  },
};
