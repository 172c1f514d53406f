/** Protocol: relations-groups.md 8.2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { groupSettings, toSettingChanges } from '../../objects/group.ts';

const keptIfEmpty = { description: 'empty: left as it is' };

export default endpoint({
  path: '/group/set_group_info',
  summary: 'Changes what is set of a group (old form)',
  description:
    "For the group's owner and admins, and for IM admins: ordinary members are refused with 1002, others with 1004. Notifications as of set_group_info_ex, by which texts can also be emptied.",
  access: inGroup('groupInfoForSet.groupID', 'manager'),
  required: ['groupInfoForSet'],
  example: { groupInfoForSet: { groupID: 'team', groupName: 'The team' } },
  request: Wire.object({
    groupInfoForSet: Wire.nullable(
      Wire.object({
        groupID: Wire.id(),
        ...groupSettings,
        groupName: Wire.string(keptIfEmpty),
        notification: Wire.string(keptIfEmpty),
        introduction: Wire.string(keptIfEmpty),
        faceURL: Wire.string(keptIfEmpty),
      }),
    ),
  }),
  handle: async (call, { groupInfoForSet: asked }, { groupSettings: settings }) => {
    const changes = toSettingChanges(asked === null ? {} : withoutEmpty(asked));
    await settings.set(call, { groupID: asked?.groupID ?? '', ...changes }, 'plain');
  },
});

function withoutEmpty<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')) as Partial<Fields>;
}
