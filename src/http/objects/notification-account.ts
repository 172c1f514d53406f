/** A notification account (rest-core chapter, 7.12). */
import { Wire } from '../../protocol/wire/wire-schema.ts';
import type { User } from '../../users/user.ts';

export const notificationAccount = Wire.object(
  {
    userID: Wire.id(),
    faceURL: Wire.string(),
    nickName: Wire.string(),
    appMangerLevel: Wire.int32({ description: '3 notification account, 4 robot' }),
  },
  { title: 'NotificationAccount' },
);

export function toNotificationAccount({ userID, faceURL, nickname, appManagerLevel }: User) {
  return { userID, faceURL, nickName: nickname, appMangerLevel: appManagerLevel };
}
