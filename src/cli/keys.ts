/** `tessera keys`: the signing keys of a deployment, listed, rotated and retired. See docs/keys.md. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import {
  addPrepared,
  initialKeys,
  type KeyList,
  KeyRefusal,
  promote,
  type RotationTime,
  retire,
} from '../config/key-rotation.ts';
import { findAdminKey } from '../config/secrets.ts';
import { changeSigningKeyFile } from '../config/signing-key-file.ts';
import { StartError } from '../kernel/start-error.ts';
import { keyID } from '../protocol/key-id.ts';
import { type Action, commandWithActions, configFromArgs, UsageError } from './command.ts';
import { printKeys } from './key-report.ts';

export const keys = commandWithActions({
  name: 'keys',
  summary: 'list, rotate and retire the keys that sign tokens',
  help: () => overview,
  actions: () => [listAction, rotateAction, retireAction],
});

const overview = `Usage: tessera keys list | rotate | retire <kid> [flags]

  list      the keys, which of them signs, and which may be retired
  rotate    a new key signs from now on, the old ones go on verifying
  retire    takes a key away that no live token needs any more

They work on signing-keys.json in the data directory. A running server takes changes over by itself.
tessera keys <action> --help explains an action.
`;

const commonFlags = `  --json    for programs: kids, states and times (Unix milliseconds), never a key
  and every flag of \`tessera serve\`, above all --data-dir. Settings must be those that the server has.
`;

const listAction: Action = {
  name: 'list',
  help: `Usage: tessera keys list [--json] [flags]

Shows every key by its kid: whether it signs, only verifies what it has signed, or is prepared; since when; and from
when on no token that it signed can be live any more, so that it may be retired. Times are UTC.

${commonFlags}`,
  run: async (args) => {
    const { config, values } = configFromArgs(args, jsonFlag);
    return report(config, values);
  },
};

const rotateAction: Action = {
  name: 'rotate',
  help: `Usage: tessera keys rotate [--prepare | --promote <kid>] [--json] [flags]

Makes a random key of 256 bits that signs new tokens from now on. The keys before it go on verifying theirs: nobody is
logged out. With several nodes, where each has to know a key before another signs with it, it takes three steps:
--prepare, hand signing-keys.json to every node, --promote.

  --prepare        the new key only verifies yet
  --promote <kid>  no new key: this one signs from now on
${commonFlags}`,
  run: async (args) => {
    const own = { ...jsonFlag, prepare: { type: 'boolean' }, promote: { type: 'string' } } as const;
    const { config, values } = configFromArgs(args, own);
    if (values.prepare === true && values.promote !== undefined) {
      throw new UsageError('--prepare and --promote are two steps; take one of them');
    }
    return change(config, values, (current, adminKey, time) => {
      if (typeof values.promote === 'string') return promote(current, values.promote, adminKey, time);
      const secret = randomBytes(32).toString('base64url');
      const added = addPrepared(current, secret, time);
      return values.prepare === true ? added : promote(added, keyID(secret), adminKey, time);
    });
  },
};

const retireAction: Action = {
  name: 'retire',
  help: `Usage: tessera keys retire <kid> [--force] [--json] [flags]

Takes a key out of the list, so that tokens signed with it are refused (1505). Refused while such tokens may be live:
until the longest lifetime has passed since the key stopped signing. The admin secret's key can also be named
admin-secret; it stays the admin secret.

  --force   retire it although its tokens may be live, and log their users out: for a key that has leaked
${commonFlags}`,
  run: async ([kid, ...args]) => {
    if (kid === undefined || kid.startsWith('-')) throw new UsageError('retire needs the kid of a key first');
    const { config, values } = configFromArgs(args, { ...jsonFlag, force: { type: 'boolean' } });
    return change(config, values, (current, adminKey, time) =>
      retire(current, kid, adminKey, { ...time, isForced: values.force === true }),
    );
  },
};

const jsonFlag = { json: { type: 'boolean' } } as const;

/** Changes the file and shows it. @throws StartError if what was asked for is refused */
function change(
  config: Config,
  values: Readonly<Record<string, unknown>>,
  makeNext: (current: KeyList, adminKey: string | undefined, time: RotationTime) => KeyList,
): Promise<number> {
  if (config.signingKeys.length > 0) {
    throw new StartError(
      'TESSERA_SIGNING_KEYS has the keys, and nothing else can change it. To rotate, put a new key in front of the ' +
        'list and restart every node; to retire one, take it out',
    );
  }
  const adminKey = findAdminKey(config);
  const time = { now: Date.now(), longestTtlMs: longestTokenTtlMs(config) };
  try {
    changeSigningKeyFile(config.dataDir, (current = initialKeys) => makeNext(current, adminKey, time));
  } catch (error) {
    throw error instanceof KeyRefusal ? new StartError(error.message, { cause: error }) : error;
  }
  return report(config, values);
}

async function report(config: Config, values: Readonly<Record<string, unknown>>): Promise<number> {
  await printKeys(config, { longestTtlMs: longestTokenTtlMs(config), isJson: values.json === true });
  return 0;
}

/** No token that this configuration issues lives longer, whatever its request asks for. */
function longestTokenTtlMs({ maxTokenTtlMs }: Config): number {
  return maxTokenTtlMs;
}
