/** The user object, which several endpoints have in common (rest-core chapter, 7.1). */
import { Wire } from '../../protocol/wire/wire-schema.ts';

export const userInfo = Wire.object(
  {
    userID: Wire.id(),
    nickname: Wire.string(),
    faceURL: Wire.string(),
    ex: Wire.string({ description: "the application's own text" }),
    createTime: Wire.int64({ description: 'Unix ms; ignored in requests' }),
    appMangerLevel: Wire.int32({ description: '0, 1 users; 2 app admin; 3 notification account; 4 robot' }),
    globalRecvMsgOpt: Wire.int32({ description: '0 receive, 1 do not receive, 2 receive without notification' }),
  },
  { title: 'User' },
);

export const publicUserInfo = Wire.object(
  { userID: Wire.id(), nickname: Wire.string(), faceURL: Wire.string(), ex: Wire.string() },
  { title: 'PublicUser' },
);
