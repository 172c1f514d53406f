/**
 * Files up and down, in a directory and in an S3 store: MB/s, processor time and the largest memory of the server, and many
 * small files. The uploader and the server share the machine. Run: node bench/objects.ts [MB, 1024] [small files, 10000]
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BackEnd } from '../test/support/back-end.ts';
import { s3Settings, startVersitygw } from '../test/support/services/versitygw.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { printTable } from './support/table.ts';

const [megabytes = 1024, smallFiles = 10_000] = process.argv.slice(2).map(Number);
const partSize = 5 * 2 ** 20;
const atOnce = 4;

const rows: string[][] = [];
{
  const server = await TesseraProcess.start();
  rows.push(...(await measure('directory', server)));
  await server.dispose();
}
{
  await using s3 = await startVersitygw();
  const server = await TesseraProcess.start({ env: s3Settings(s3.url) });
  rows.push(...(await measure('S3', server)));
  await server.dispose();
}
printTable('Files', ['engine', 'what', 'per second', "server's CPU s", 'largest MB'], rows);

async function measure(engine: string, server: TesseraProcess): Promise<string[][]> {
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('ann');
  const token = await backEnd.userToken('ann', 5);
  const call = async (path: string, body: object) => (await backEnd.post(path, body, token)).data;
  const md5 = (bytes: Uint8Array | string) => createHash('md5').update(bytes).digest('hex');

  async function upload(name: string, parts: readonly Buffer<ArrayBuffer>[]): Promise<string> {
    const md5s = parts.map(md5);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const hash = md5(md5s.join(','));
    const { upload: begun } = await call('/object/initiate_multipart_upload', { name, size, hash, maxParts: -1 });
    await eachOf(parts.entries(), async ([index, body]) => {
      const { ok, status } = await fetch(begun.sign.parts[index].url, { method: 'PUT', body });
      if (!ok) throw new Error(`a part was answered with ${status}`);
    });
    const { url } = await call('/object/complete_multipart_upload', { uploadID: begun.uploadID, parts: md5s, name });
    return url;
  }

  let url = '';
  const parts = Array.from({ length: Math.ceil((megabytes * 2 ** 20) / partSize) }, (_, index) =>
    Buffer.alloc(partSize, `part ${index} `),
  );
  const size = (parts.length * partSize) / 1e6;
  const timed = async (what: string, amount: number, unit: string, work: () => Promise<void>) => {
    const [startedMs, cpu] = [performance.now(), cpuSeconds(server.pid)];
    await work();
    const seconds = (performance.now() - startedMs) / 1000;
    const spent = (cpuSeconds(server.pid) - cpu).toFixed(1);
    return [engine, what, `${(amount / seconds).toFixed(0)} ${unit}`, spent, largestMegabytes(server.pid)];
  };
  return [
    await timed(`${megabytes} MB up`, size, 'MB', async () => {
      url = await upload('ann/large', parts);
    }),
    await timed(`${megabytes} MB down`, size, 'MB', async () => {
      const { body } = await fetch(url);
      for await (const _chunk of body ?? []);
    }),
    await timed(`${smallFiles} of 1 kB up`, smallFiles, 'files', () =>
      eachOf(Array(smallFiles).keys(), async (index) => {
        await upload(`ann/small-${index}`, [Buffer.alloc(1000, `small ${index} `)]);
      }),
    ),
  ];
}

async function eachOf<Item>(items: IterableIterator<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  const next = async () => {
    for (const item of items) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, next));
}

/** Of Linux, in hundredths. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function largestMegabytes(pid: number): string {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) / 1024).toFixed(0);
}
