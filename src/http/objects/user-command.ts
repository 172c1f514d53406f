/** Pieces that the endpoints about user commands have in common (rest-core chapter, 7.11). */
import { Wire, type WireResponse } from '../../protocol/wire/wire-schema.ts';
import type { UserCommand } from '../../users/user-command.ts';

/** Fields that name a record. */
export const commandKey = {
  userID: Wire.id(),
  type: Wire.int32({ description: 'a kind of record that the application knows; not 0' }),
  uuid: Wire.id({ description: 'names the record among those of its type' }),
};

/** The capital letter is OpenIM's. */
export const commandList = Wire.object(
  {
    CommandResp: Wire.list(
      Wire.object({
        type: Wire.int32(),
        createTime: Wire.int64({ description: 'Unix seconds' }),
        uuid: Wire.id(),
        value: Wire.string(),
        ex: Wire.string(),
      }),
    ),
  },
  { title: 'UserCommands' },
);

export function toCommandList(commands: readonly UserCommand[]): WireResponse<typeof commandList> {
  return {
    CommandResp: commands.map(({ type, createdAt, uuid, value, ex }) => ({
      type,
      createTime: Math.floor(createdAt / 1000),
      uuid,
      value,
      ex,
    })),
  };
}
