/** Requests about the connection itself and not about anything stored. Protocol: websocket.md 4. */

import type { OnlineStatus } from '../../presence/online-status.ts';
import type { WireBounds } from '../../protocol/bounds.ts';
import { errors } from '../../protocol/errors.ts';
import {
  DelUserPushTokenReq,
  DelUserPushTokenResp,
  SetAppBackgroundStatusReq,
  SubUserOnlineStatus,
  SubUserOnlineStatusTips,
} from '../../protocol/gen/openim.ts';
import { isKnownPlatform, platformRange } from '../../protocol/numbers/platforms.ts';
import { reqIdentifiers } from '../../protocol/numbers/request-identifiers.ts';
import { decodeData } from './request-data.ts';
import type { RequestHandler, RequestHandlers } from './request-handler.ts';

/** What offline push has to do with a connection; undefined where there is none. */
export interface LoggedOutDevices {
  /** The device of this login is not to be woken any more. */
  forget(login: { readonly userID: string; readonly platformID: number }): Promise<void>;
}

export function createConnectionRequests(
  onlineStatus: Pick<OnlineStatus, 'platforms'>,
  devices?: LoggedOutDevices,
  bounds?: WireBounds,
): RequestHandlers {
  return new Map([
    [reqIdentifiers.logout, logout(devices, bounds)],
    [reqIdentifiers.setBackgroundStatus, setBackground(bounds)],
    [reqIdentifiers.subscribeOnlineStatus, subscribeTo(onlineStatus, bounds)],
  ]);
}

/**
 * 2003: whatever the outcome, the client gets its reply and then the connection ends. The token stays good. Whose push
 * token is meant is known from the connection: what the request says of it is checked and otherwise ignored.
 * @throws 1001 empty userID, unknown platform; 500 undecodable request
 */
function logout(devices?: LoggedOutDevices, bounds?: WireBounds): RequestHandler {
  return async ({ connection, caller }, data) => {
    connection.closeAfterReply();
    const { userID, platformID } = decodeData(DelUserPushTokenReq, data, { bounds });
    if (userID === '') throw errors.args('userID is empty');
    if (!isKnownPlatform(platformID)) throw errors.args(`platformID must be ${platformRange}`);
    await devices?.forget(caller);
    return DelUserPushTokenResp.encode({}).finish();
  };
}

/** 2004: of this connection, whatever userID the request names; the Go core names none. @throws 500 undecodable */
function setBackground(bounds?: WireBounds): RequestHandler {
  return async ({ connection }, data) => {
    connection.setBackground(decodeData(SetAppBackgroundStatusReq, data, { bounds }).isBackground);
    return null;
  };
}

/**
 * 2005: what the connection is now subscribed to stands before the lookup, so that no change falls between.
 * @throws 1001 too many subscriptions or a NUL, 500 undecodable or nobody knows who is online
 */
function subscribeTo(onlineStatus: Pick<OnlineStatus, 'platforms'>, bounds?: WireBounds): RequestHandler {
  return async ({ connection }, data) => {
    const { subscribeUserID, unsubscribeUserID } = decodeData(SubUserOnlineStatus, data, { bounds });
    connection.subscribe(subscribeUserID, unsubscribeUserID);
    const statuses = await onlineStatus.platforms(subscribeUserID);
    return SubUserOnlineStatusTips.encode({
      subscribers: statuses.map(({ userID, platformIDs }) => ({ userID, onlinePlatformIDs: [...platformIDs] })),
    }).finish();
  };
}
