/** Who may call an endpoint, in words: for the API reference and docs/spec/access.md. */
import type { Access, Endpoint } from './endpoint.ts';

export function accessText(access: Access): string {
  switch (access) {
    case 'public':
      return 'anybody, without a token';
    case 'anyone':
      return 'whoever has a token';
    case 'admin':
      return 'admins';
    default:
      return 'self' in access
        ? `the user that \`${access.self}\` names, and admins`
        : `${roleTexts[access.role]} of the group that \`${access.group}\` names, and admins`;
  }
}

const roleTexts = { member: 'members', manager: 'owner and admins', owner: 'the owner' } as const;

/** docs/spec/access.md, whole. */
export function accessPage(endpoints: readonly Endpoint[]): string {
  const rows = endpoints.map(({ path, access }) => `| \`${path}\` | ${accessText(access)} |`);
  return [
    '# Who may call what',
    '',
    'Generated from the endpoints by `npm run generate`. The domain function behind each endpoint enforces it (promise M5),',
    'so that a socket has the same rule; `test/wire/refusals.ts` tries every endpoint with the tokens of an admin, of the',
    'user whom the request names and of another, and those of groups with the tokens of owner, admin, member, former member',
    'and stranger. Everybody else is answered with 1002; with 1004, where the protocol says so, who is not in the group.',
    '',
    '| endpoint | may be called by |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n');
}
