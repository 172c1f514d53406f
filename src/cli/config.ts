/** `tessera config`: what is in effect, or the option reference. */
import { maskedConfig } from '../config/config.ts';
import { configurationPage, limitsPage } from '../config/describe.ts';
import { type Command, configFromArgs } from './command.ts';

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
    if (values.docs === true) process.stdout.write(configurationPage());
    else if (values.limits === true) process.stdout.write(limitsPage());
    else process.stdout.write(`${JSON.stringify(maskedConfig(effective), null, 2)}\n`);
    return 0;
  },
};
