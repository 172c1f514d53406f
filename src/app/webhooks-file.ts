/** Reads which hooks operators have. Part of the composition root; see app.ts. */
import { StartError } from '../kernel/start-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type WebhookSettings, webhookSettings } from '../webhooks/webhook-settings.ts';
import { readYamlFile } from './yaml-file.ts';

/**
 * @param path of a file in the form of OpenIM's webhooks.yml; empty for none
 * @throws StartError naming the file, and all that is wrong in it
 */
export async function readWebhooksFile(path: string, logger: Pick<Logger, 'warn'>): Promise<WebhookSettings> {
  if (path === '') return { url: '', hooks: new Map() };
  const problems: string[] = [];
  const parsed = await readYamlFile('TESSERA_WEBHOOKS_FILE', path);
  const { settings, unknownNames } = webhookSettings(parsed, (problem) => problems.push(problem));
  if (problems.length > 0) {
    throw new StartError(problems.map((problem) => `TESSERA_WEBHOOKS_FILE: ${path}: ${problem}`).join('\n'));
  }
  if (unknownNames.length > 0) logger.warn({ path, unknownNames }, 'some hooks of the file do not exist here');
  return settings;
}
