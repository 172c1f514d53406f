/** URLs that clients are told: in every message with a file, so that a wrong one is not found out before it is too late. */

/** Hosts that instructions have where one's own belongs (field report F30). */
const placeholder =
  /^(?:0\.0\.0\.0|\[::\]|(?:.*\.)?example(?:\.(?:com|org|net))?|.*(?:your|external|placeholder|changeme).*)$/i;

/** @returns what is wrong with it; nothing for an empty one */
export function publicUrlProblems(setting: string, text: string): string[] {
  if (text === '') return [];
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return [`${setting}: must be an http or https URL`];
  if (url.search !== '' || url.hash !== '' || url.username !== '') {
    return [`${setting}: must have nothing but a host, a port and a path`];
  }
  if (placeholder.test(url.hostname)) return [`${setting}: ${url.hostname} is a placeholder: set the public address`];
  return [];
}
