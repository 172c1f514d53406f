/** The clients of a benchmark, in a process of their own (load.ts), and where they connect. */
import type { ChildProcess } from 'node:child_process';
import type { BackEnd } from '../../test/support/back-end.ts';
import type { TesseraProcess } from '../../test/support/tessera-process.ts';
import { type CodecName, userIDOf } from './chat-frames.ts';
import { nextMessage, startChild } from './child.ts';
import type { LoadOrder } from './load.ts';

export class LoadGenerator {
  readonly #child: ChildProcess;
  connectMs = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(): LoadGenerator {
    return new LoadGenerator(startChild(new URL('./load.ts', import.meta.url)));
  }

  static async connected(urls: readonly string[]): Promise<LoadGenerator> {
    const load = LoadGenerator.start();
    load.connectMs = await load.order({ kind: 'connect', urls });
    return load;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async order<T>(order: LoadOrder): Promise<T> {
    this.#child.send(order);
    const { result } = await nextMessage<{ result: T }>(this.#child);
    return result;
  }

  stop(): void {
    this.#child.kill();
  }
}

/** Registers the users and issues their tokens. */
export async function tesseraUrls(
  tessera: TesseraProcess,
  backEnd: BackEnd,
  clients: number,
  codec: CodecName = 'JSON',
): Promise<string[]> {
  const userIDs = Array.from({ length: clients }, (_, i) => userIDOf(i));
  for (let i = 0; i < clients; i += 500) await backEnd.register(...userIDs.slice(i, i + 500));
  const urls: string[] = [];
  for (let i = 0; i < clients; i += 50) {
    const tokens = await Promise.all(userIDs.slice(i, i + 50).map((userID) => backEnd.userToken(userID)));
    for (const [k, token] of tokens.entries()) {
      urls.push(`${tessera.wsUrl}/?${handshakeQuery(userIDs[i + k]!, token, codec)}`);
    }
  }
  return urls;
}

/** What the JavaScript SDK asks for, and what the Go core does. */
const codecQueries = {
  JSON: { sdkType: 'js' },
  'gob + gzip': { sdkType: 'go', compression: 'gzip' },
} as const satisfies Record<CodecName, object>;

export function handshakeQuery(sendID: string, token: string, codec: CodecName): URLSearchParams {
  const rest = { platformID: '5', operationID: 'bench', isBackground: 'false', ...codecQueries[codec] };
  return new URLSearchParams({ sendID, token, ...rest });
}
