/** What the receiver is asked and told of users (objects-push-webhooks chapter, 3.6). */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { type NewUser, toUserInfo, type User, type UserChanges } from '../users/user.ts';
import type { UpdateForm, UserHooks } from '../users/users.ts';
import { textOrNull, wrong } from './reply-fields.ts';
import type { Webhooks } from './webhooks.ts';

export class UserWebhooks implements UserHooks {
  readonly #webhooks: Webhooks;

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks;
  }

  async beforeRegister(call: CallContext, users: readonly NewUser[], createdAt: number): Promise<readonly NewUser[]> {
    const body = { users: users.map((user) => toUserInfo({ ...user, createdAt })) };
    const reply = await this.#webhooks.ask('beforeUserRegister', call, body);
    const given = reply?.users;
    return Array.isArray(given) && given.length > 0 ? given.map(toNewUser) : users;
  }

  async registered(tx: Transaction, { operationID }: CallContext, users: readonly User[]): Promise<void> {
    const [first] = users;
    if (first === undefined) return;
    const told = { key: `user ${first.userID}`, operationID, body: { users: users.map(toUserInfo) } };
    await this.#webhooks.tell(tx, 'afterUserRegister', told);
  }

  async beforeUpdate(call: CallContext, form: UpdateForm, userID: string, changes: UserChanges): Promise<UserChanges> {
    const name = form === 'ex' ? 'beforeUpdateUserInfoEx' : 'beforeUpdateUserInfo';
    const reply = await this.#webhooks.ask(name, call, changesBody(form, userID, changes));
    if (reply === undefined) return changes;
    return {
      ...changes,
      nickname: textOrNull(reply, 'nickName', changes.nickname),
      faceURL: textOrNull(reply, 'faceURL', changes.faceURL),
      ex: textOrNull(reply, 'ex', changes.ex),
    };
  }

  async updated(
    tx: Transaction,
    { operationID }: CallContext,
    form: UpdateForm,
    userID: string,
    changes: UserChanges,
  ): Promise<void> {
    const name = form === 'ex' ? 'afterUpdateUserInfoEx' : 'afterUpdateUserInfo';
    const body = changesBody(form, userID, changes);
    await this.#webhooks.tell(tx, name, { key: `user ${userID}`, operationID, body });
  }
}

/** The old form says that something stays as it is by an empty text, the other one by null. */
function changesBody(form: UpdateForm, userID: string, { nickname, faceURL, ex }: UserChanges): object {
  if (form === 'ex') return { userID, nickName: nickname, faceURL, ex };
  return { userID, nickName: nickname ?? '', faceURL: faceURL ?? '', ex: ex ?? '' };
}

function toNewUser(given: unknown): NewUser {
  const fields: Record<string, unknown> = typeof given === 'object' && given !== null ? { ...given } : {};
  const { userID, nickname = '', faceURL = '', ex = '', appMangerLevel = 0, globalRecvMsgOpt = 0 } = fields;
  const texts = [userID, nickname, faceURL, ex];
  const isFit =
    texts.every((item) => typeof item === 'string') &&
    Number.isSafeInteger(appMangerLevel) &&
    [0, 1, 2].includes(globalRecvMsgOpt as number);
  if (!isFit) throw wrong('user');
  return {
    userID: String(userID),
    nickname: String(nickname),
    faceURL: String(faceURL),
    ex: String(ex),
    appManagerLevel: Number(appMangerLevel),
    globalRecvMsgOpt: Number(globalRecvMsgOpt),
  };
}
