/** `tessera webhooks`: what a running server tells the operator's receiver, and what it could not. */
import { type ApiAction, apiAction, apiAddress } from './api-action.ts';
import { type ApiClient, connectApi } from './api-client.ts';
import { type Action, commandWithActions, UsageError } from './command.ts';
import { formatInstant, textTable } from './text-table.ts';

export const webhooks = commandWithActions({
  name: 'webhooks',
  summary: 'list the hooks that are on, and mend what could not be told',
  help: () => `Usage: tessera webhooks list | parked | replay ID...|all | drop ID...|all [flags]

  list     the hooks that are on, and how much waits or was given up
  parked   what was given up after too many tries, with its ID and the last failure
  replay   has it told again, marked as replayed
  drop     forgets it

They ask the running server, with the admin secret of this configuration. See docs/webhooks.md.
tessera webhooks <action> --help explains an action.
`,
  actions: () => [apiAction(listHooks), apiAction(listParked), mending('replay'), mending('drop')],
});

const listHooks: ApiAction = {
  name: 'list',
  flags: {},
  help: `Usage: tessera webhooks list [flags]

Lists the hooks that are on, with how long an answer may take and whether a failure lets pass; then how much is still to
be told, and how much was given up.

`,
  run: async (config, values) => {
    const state = (await (await connectApi(config, apiAddress(values))).post('/webhooks/list', {})) as unknown as State;
    const rows = (state.hooks ?? []).map(({ name, command, timeoutMs, failedContinue }) => [
      name,
      command,
      `${timeoutMs} ms`,
      failedContinue ? 'lets pass' : 'refuses',
    ]);
    const since = state.oldestAt === 0 ? '' : ` since ${formatInstant(state.oldestAt)}`;
    const counts = `${state.waiting} waiting${since}, ${state.parked} parked`;
    return { data: state, text: `${textTable([['HOOK', 'COMMAND', 'TIMEOUT', 'FAILURE'], ...rows])}\n\n${counts}` };
  },
};

const listParked: ApiAction = {
  name: 'parked',
  flags: {},
  help: `Usage: tessera webhooks parked [flags]

Lists what was given up after too many tries, oldest first. Times are UTC; KEY is the conversation or user in whose order
it stood. Bodies are not shown.

`,
  run: async (config, values) => {
    const parked = await readParked(await connectApi(config, apiAddress(values)));
    const rows = parked.map(({ id, command, key, parkedAt, failure }) => [
      `${id}`,
      command,
      key,
      formatInstant(parkedAt),
      failure,
    ]);
    return { data: parked, text: textTable([['ID', 'COMMAND', 'KEY', 'PARKED', 'FAILURE'], ...rows]) };
  },
};

/** IDs stand before the flags. */
function mending(name: 'replay' | 'drop'): Action {
  return {
    ...apiAction(mendingOf(name, [])),
    run: async (args) => {
      const end = args.findIndex((arg) => arg.startsWith('-'));
      const named = end === -1 ? args : args.slice(0, end);
      const ids = named.join() === 'all' ? [] : named.map(Number);
      const isFit = named.length > 0 && ids.every((id) => Number.isSafeInteger(id) && id > 0);
      if (!isFit) throw new UsageError(`${name} needs IDs, or all, first`);
      return apiAction(mendingOf(name, ids)).run(args.slice(named.length));
    },
  };
}

function mendingOf(name: 'replay' | 'drop', ids: readonly number[]): ApiAction {
  const what = name === 'replay' ? 'Has these told again, marked as replayed' : 'Forgets these, which are told never';
  return {
    name,
    flags: {},
    help: `Usage: tessera webhooks ${name} ID... | all [flags]

${what}: the IDs are those of tessera webhooks parked. Prints how many they were.

`,
    run: async (config, values) => {
      const api = await connectApi(config, apiAddress(values));
      const { count } = (await api.post(`/webhooks/${name}`, { ids })) as { count: number };
      return { data: { count }, text: `${count}` };
    },
  };
}

interface State {
  readonly hooks: readonly {
    readonly name: string;
    readonly command: string;
    readonly timeoutMs: number;
    readonly failedContinue: boolean;
  }[];
  readonly waiting: number;
  readonly parked: number;
  readonly oldestAt: number;
}

interface Parked {
  readonly id: number;
  readonly command: string;
  readonly key: string;
  readonly parkedAt: number;
  readonly failure: string;
}

async function readParked(api: ApiClient): Promise<readonly Parked[]> {
  const all: Parked[] = [];
  for (;;) {
    const { parked } = await api.post('/webhooks/parked', { after: all.at(-1)?.id ?? 0, limit: 0 });
    const page = (parked as readonly Parked[] | null) ?? [];
    if (page.length === 0) return all;
    all.push(...page);
  }
}
