/** Reads what operators decide of notifications. Part of the composition root; see app.ts. */
import { readTextFile, reasonOf } from '../config/text-file.ts';
import { StartError } from '../kernel/start-error.ts';
import { defaultNoticeSettings, type NoticeSettings, noticeSettings } from '../notices/notice-settings.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * @param path of a file in the form of OpenIM's notification.yml; empty for none
 * @throws StartError naming the file, and all that is wrong in it
 */
export async function readNotificationFile(path: string, logger: Pick<Logger, 'warn'>): Promise<NoticeSettings> {
  if (path === '') return defaultNoticeSettings;
  const problems: string[] = [];
  const { settings, unknownNames } = noticeSettings(await parsed(path), (problem) => problems.push(problem));
  if (problems.length > 0) {
    throw new StartError(problems.map((problem) => `TESSERA_NOTIFICATION_FILE: ${path}: ${problem}`).join('\n'));
  }
  if (unknownNames.length > 0) logger.warn({ path, unknownNames }, 'some notifications of the file do not exist here');
  return settings;
}

async function parsed(path: string): Promise<unknown> {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    throw new StartError(`TESSERA_NOTIFICATION_FILE: ${path}: cannot be read (${reasonOf(error)})`);
  }
  // Few have such a file: it costs nobody else its loading.
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) {
    const line = fault.linePos?.[0].line ?? 1;
    throw new StartError(`TESSERA_NOTIFICATION_FILE: ${path}: line ${line} is not valid YAML`);
  }
  return document.toJS({ maxAliasCount: 0 });
}
