/**
 * What a record of a file says of a user: by the names of the API (`faceURL`) or of OpenIM's `user` collection
 * (`face_url`), numbers and times plain or as MongoDB's extended JSON has them.
 */
import { exceedsBytes } from '../../protocol/bounds.ts';
import { userIDFault } from '../../protocol/user-id.ts';
import type { User } from '../../users/user.ts';
import type { UserLimits } from '../../users/user-limits.ts';

type Fields = Readonly<Record<string, unknown>>;

/** As registering over the API has them: who is larger could not be changed or read later. */
export type TextLimits = Pick<UserLimits, 'maxNicknameBytes' | 'maxFaceUrlBytes' | 'maxExBytes'>;

/** @returns the user, or what is wrong with the record; never a text of it */
export function parseUser(fields: Fields | undefined, now: number, limits: TextLimits): User | string {
  if (fields === undefined) return 'cannot be read';
  const userID = fields.userID ?? fields.user_id;
  if (userID === undefined || userID === '') return 'has no userID (user_id)';
  if (typeof userID !== 'string') return 'userID is no text';
  const fault = userIDFault(userID);
  if (fault !== undefined) return `userID ${fault}`;

  const nickname = fields.nickname ?? '';
  const faceURL = fields.faceURL ?? fields.face_url ?? '';
  const ex = fields.ex ?? '';
  if (typeof nickname !== 'string') return 'nickname is no text';
  if (typeof faceURL !== 'string') return 'faceURL (face_url) is no text';
  if (typeof ex !== 'string') return 'ex is no text';
  const textFault =
    faultOf('nickname', nickname, limits.maxNicknameBytes, 'TESSERA_MAX_NICKNAME_BYTES') ??
    faultOf('faceURL (face_url)', faceURL, limits.maxFaceUrlBytes, 'TESSERA_MAX_FACE_URL_BYTES') ??
    faultOf('ex', ex, limits.maxExBytes, 'TESSERA_MAX_EX_BYTES');
  if (textFault !== undefined) return textFault;

  const appManagerLevel = toNumber(fields.appMangerLevel ?? fields.app_manger_level ?? 0);
  if (!isBetween(appManagerLevel, 0, 4)) return 'appMangerLevel (app_manger_level) is none of 0 to 4';
  const globalRecvMsgOpt = toNumber(fields.globalRecvMsgOpt ?? fields.global_recv_msg_opt ?? 0);
  if (!isBetween(globalRecvMsgOpt, 0, 2)) return 'globalRecvMsgOpt (global_recv_msg_opt) is none of 0 to 2';
  const createdAt = toInstant(fields.createTime ?? fields.create_time ?? now);
  if (!Number.isSafeInteger(createdAt)) return 'createTime (create_time) is no time';
  return { userID, nickname, faceURL, ex, createdAt, appManagerLevel, globalRecvMsgOpt };
}

/** @returns what is wrong with a text that is to be stored; undefined if nothing is */
function faultOf(name: string, text: string, maxBytes: number, setting: string): string | undefined {
  if (exceedsBytes(text, maxBytes)) return `${name} is over ${maxBytes} bytes (${setting})`;
  // PostgreSQL cannot hold it.
  return text.includes('\0') ? `${name} holds NUL` : undefined;
}

/** `1`, `"1"`, `{"$numberInt":"1"}`; NaN for anything else. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === '') return 0;
  if (typeof value === 'string') return /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (typeof value !== 'object' || value === null) return Number.NaN;
  const { $numberInt, $numberLong, $numberDouble } = value as Fields;
  const text = $numberInt ?? $numberLong ?? $numberDouble;
  return typeof text === 'string' ? Number(text) : Number.NaN;
}

/** Unix ms, from that, from an ISO text, or from either within `{"$date":…}`; NaN for anything else. */
function toInstant(value: unknown): number {
  if (typeof value === 'object' && value !== null && '$date' in value) return toInstant(value.$date);
  const number = toNumber(value);
  if (!Number.isNaN(number) || typeof value !== 'string') return number;
  return Date.parse(value);
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
