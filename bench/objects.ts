/**
 * Files up and down, one large and many small ones: to a directory, to an S3 store, and beside them to nginx, which serves
 * and takes the same bytes from a disk of the same machine. MB/s, processor time and the largest memory of the server in
 * each step. The client shares the machine.
 *
 *   node bench/objects.ts [--megabytes 1024] [--small 10000] [--seconds 120] [--only directory,s3,nginx]
 *
 * `--seconds` is how long small files are begun in each step: a slow machine does fewer, and the row says how many.
 * `--megabytes 5120` shows that an upload of 5 GB takes no more memory than one of 100 MB. TMPDIR says on which disk.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { BackEnd } from '../test/support/back-end.ts';
import { s3Settings, startVersitygw } from '../test/support/services/versitygw.ts';
import { TesseraProcess } from '../test/support/tessera-process.ts';
import { readCommandLine } from './support/command-line.ts';
import { startFileNginx } from './support/file-servers.ts';
import { printTable } from './support/table.ts';

const { values } = readCommandLine(import.meta.filename, {
  megabytes: { type: 'string', default: '1024' },
  small: { type: 'string', default: '10000' },
  seconds: { type: 'string', default: '120' },
  only: { type: 'string', default: 'directory,s3,nginx' },
});
const [megabytes, smallFiles, longestMs] = [
  Number(values.megabytes),
  Number(values.small),
  1000 * Number(values.seconds),
];
const only = values.only.split(',');
const largePart = 5 * 2 ** 20;
const smallSize = 1000;
/** Each of several steps, which wait for the disk more than for the processor. */
const [partsAtOnce, smallAtOnce] = [4, 32];

/** Of a file: parts of one size, made anew whenever they are needed. */
interface Content {
  readonly parts: number;
  /** Bytes of each. */
  readonly partSize: number;
  readonly part: (index: number) => Buffer<ArrayBuffer>;
}

/** Where files are sent and fetched. */
interface FileServer {
  readonly name: string;
  readonly pid: number;
  /** @returns where the file is */
  upload(name: string, content: Content): Promise<string>;
}

const rows: string[][] = [];
if (only.includes('directory')) await measureTessera('directory', {});
if (only.includes('s3')) {
  await using s3 = await startVersitygw();
  await measureTessera('S3', s3Settings(s3.url));
}
if (only.includes('nginx')) {
  await using nginx = await startFileNginx();
  await measure({
    name: 'nginx',
    pid: nginx.pid,
    async upload(name, { parts, partSize, part }) {
      const url = `${nginx.url}/${name}`;
      const body = ReadableStream.from(Array(parts).keys()).pipeThrough(
        new TransformStream({ transform: (index, controller) => controller.enqueue(part(index)) }),
      );
      await sent(url, body, parts * partSize);
      return url;
    },
  });
}
printTable('Files', ['server', 'what', 'per second', 'CPU s', 'largest MB'], rows);

async function measureTessera(name: string, env: Readonly<Record<string, string>>): Promise<void> {
  const server = await TesseraProcess.start({ env });
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('ann');
  const token = await backEnd.userToken('ann', 5);
  const call = async (path: string, body: object) => (await backEnd.post(path, body, token)).data;
  await measure({
    name,
    pid: server.pid,
    async upload(file, { parts, partSize, part }) {
      const md5s = Array.from({ length: parts }, (_, index) => md5(part(index)));
      const size = parts * partSize;
      const asked = { name: `ann/${file}`, size, hash: md5(md5s.join(',')), maxParts: -1 };
      const { upload } = await call('/object/initiate_multipart_upload', asked);
      await eachOf(partsAtOnce, Array(parts).keys(), (index) => sent(upload.sign.parts[index].url, part(index)));
      const done = { uploadID: upload.uploadID, parts: md5s, name: asked.name };
      return (await call('/object/complete_multipart_upload', done)).url;
    },
  });
  await server.dispose();
}

async function measure({ name, pid, upload }: FileServer): Promise<void> {
  const parts = Math.ceil((megabytes * 2 ** 20) / largePart);
  const size = (parts * largePart) / 1e6;
  /** @param work resolves to how much it has done */
  const timed = async (what: string, unit: string, work: () => Promise<number>) => {
    // From now on the largest is counted anew.
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const [startedMs, cpu] = [performance.now(), cpuSeconds(pid)];
    const amount = await work();
    const seconds = (performance.now() - startedMs) / 1000;
    const spent = (cpuSeconds(pid) - cpu).toFixed(1);
    const done = unit === 'files' ? `${amount} ${what}` : what;
    rows.push([name, done, `${(amount / seconds).toFixed(0)} ${unit}`, spent, largestMegabytes(pid)]);
  };
  let large = '';
  const small: string[] = [];
  await timed(`${megabytes} MB up`, 'MB', async () => {
    const part = (index: number) => Buffer.alloc(largePart, `part ${index} `);
    large = await upload('large', { parts, partSize: largePart, part });
    return size;
  });
  await timed(`${megabytes} MB down`, 'MB', async () => {
    await fetched(large);
    return size;
  });
  await timed('of 1 kB up', 'files', () =>
    eachOf(smallAtOnce, within(Array(smallFiles).keys()), async (index) => {
      const part = () => Buffer.alloc(smallSize, `small ${index} `);
      small.push(await upload(`small-${index}`, { parts: 1, partSize: smallSize, part }));
    }),
  );
  await timed('of 1 kB down', 'files', () => eachOf(smallAtOnce, within(small.values()), fetched));
}

async function sent(url: string, body: Buffer<ArrayBuffer> | ReadableStream, size?: number): Promise<void> {
  const headers = size === undefined ? {} : { 'Content-Length': String(size) };
  const answer = await fetch(url, { method: 'PUT', body, headers, duplex: 'half' } as RequestInit);
  if (!answer.ok) throw new Error(`a PUT was answered with ${answer.status}`);
  await answer.arrayBuffer();
}

async function fetched(url: string): Promise<void> {
  const { ok, status, body } = await fetch(url);
  if (!ok) throw new Error(`a GET was answered with ${status}`);
  for await (const _chunk of body ?? []);
}

function md5(bytes: Uint8Array | string): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** @returns how many there were */
async function eachOf<Item>(
  atOnce: number,
  items: IterableIterator<Item>,
  work: (item: Item) => Promise<void>,
): Promise<number> {
  let done = 0;
  const next = async () => {
    for (const item of items) {
      await work(item);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  return done;
}

/** As long as there is time. */
function* within<Item>(items: IterableIterator<Item>): IterableIterator<Item> {
  const untilMs = performance.now() + longestMs;
  for (const item of items) {
    if (performance.now() > untilMs) return;
    yield item;
  }
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
