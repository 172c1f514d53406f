import type { NewMessage } from '../../../src/log/message-store.ts';

/** Messages of one user whose times a test has chosen. */
export function messagesAt(
  places: readonly (Pick<NewMessage, 'logID' | 'sentAt'> & Partial<Pick<NewMessage, 'contentType'>>)[],
): NewMessage[] {
  return places.map((place, index) => ({
    contentType: 101,
    ...place,
    sendID: 'u',
    clientMsgID: `${index}`,
    serverMsgID: `${index}`,
    hasChosenTime: true,
    acceptedAt: 1,
    sessionType: 1,
    bodyWithoutSeq: new Uint8Array(),
    raisesSenderReadSeq: false,
  }));
}
