/** Finds a system account for programs that refuse to run as root. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Numeric identity, as `spawn` takes it. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The first of these accounts that exists, when this process is root; undefined when it is not. */
export async function unprivilegedAccount(names: readonly string[]): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of names) {
    const account = await lookUp(name);
    if (account !== undefined) return account;
  }
  throw new Error(`none of these system accounts exists: ${names.join(', ')}`);
}

async function lookUp(name: string): Promise<Account | undefined> {
  const id = async (option: string) => Number((await promisify(execFile)('id', [option, name])).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    return undefined;
  }
}
