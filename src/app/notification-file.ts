/** Reads what operators decide of notifications. Part of the composition root; see app.ts. */
import { StartError } from '../kernel/start-error.ts';
import { defaultNoticeSettings, type NoticeSettings, noticeSettings } from '../notices/notice-settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readYamlFile } from './yaml-file.ts';

/**
 * @param path of a file in the form of OpenIM's notification.yml; empty for none
 * @throws StartError naming the file, and all that is wrong in it
 */
export async function readNotificationFile(path: string, logger: Pick<Logger, 'warn'>): Promise<NoticeSettings> {
  if (path === '') return defaultNoticeSettings;
  const problems: string[] = [];
  const { settings, unknownNames } = noticeSettings(await readYamlFile('TESSERA_NOTIFICATION_FILE', path), (problem) =>
    problems.push(problem),
  );
  if (problems.length > 0) {
    throw new StartError(problems.map((problem) => `TESSERA_NOTIFICATION_FILE: ${path}: ${problem}`).join('\n'));
  }
  if (unknownNames.length > 0) logger.warn({ path, unknownNames }, 'some notifications of the file do not exist here');
  return settings;
}
