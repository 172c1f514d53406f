/** Requests about the connection itself and not about anything stored. Protocol: websocket.md 4. */
import { isKnownPlatform, reqIdentifiers } from '../protocol/constants.ts';
import { errors } from '../protocol/errors.ts';
import { DelUserPushTokenReq, DelUserPushTokenResp } from '../protocol/gen/openim.ts';
import type { RequestCall, RequestHandlers } from './request-handler.ts';

export const connectionRequests: RequestHandlers = new Map([[reqIdentifiers.logout, logout]]);

/**
 * 2003: whatever the outcome, the client gets its reply and then the connection ends. The token stays good.
 * @throws 1001 empty userID, platform not 1 to 11; 500 undecodable request
 */
async function logout({ connection }: RequestCall, data: Uint8Array): Promise<Uint8Array> {
  connection.closeAfterReply();
  const { userID, platformID } = decodeLogout(data);
  if (userID === '') throw errors.args('userID is empty');
  if (!isKnownPlatform(platformID)) throw errors.args('platformID must be 1 to 11');
  return DelUserPushTokenResp.encode({}).finish();
}

function decodeLogout(data: Uint8Array): DelUserPushTokenReq {
  try {
    return DelUserPushTokenReq.decode(data);
  } catch {
    throw errors.internal('data is not the expected protobuf message');
  }
}
