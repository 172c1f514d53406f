/** Reads what operators keep in files of OpenIM's form. Part of the composition root; see app.ts. */
import { readTextFile, reasonOf } from '../config/text-file.ts';
import { StartError } from '../kernel/start-error.ts';

/** @param setting names the path in errors. @throws StartError */
export async function readYamlFile(setting: string, path: string): Promise<unknown> {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    throw new StartError(`${setting}: ${path}: cannot be read (${reasonOf(error)})`);
  }
  // Few have such a file: it costs nobody else its loading.
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) {
    const line = fault.linePos?.[0].line ?? 1;
    throw new StartError(`${setting}: ${path}: line ${line} is not valid YAML`);
  }
  return document.toJS({ maxAliasCount: 0 });
}
