/** `tessera objects`: whether what the names of files promise is there. */
import type { BlobStore } from '../files/blob-store.ts';
import type { NamedBlob } from '../files/file-store.ts';
import { type Action, commandWithActions, configFromArgs } from './command.ts';
import { openBesideServer } from './import-database.ts';
import { print } from './print.ts';

const verify: Action = {
  name: 'verify',
  help: `Usage: tessera objects verify [flags]

Compares the records of objects with their content, also beside a server: one line for each blob that is missing or has
another size than its record says. Nothing is changed.

  every flag of \`tessera serve\`

Exit codes: 0 all is there, 1 something is not, 2 the command line or a setting has a problem.
`,
  run: async (args) => {
    const { config } = configFromArgs(args);
    const { openBlobs } = await import('../app/files.ts');
    const { SqlFileStore } = await import('../store/sql-file-store.ts');
    await using db = await openBesideServer(config);
    const blobs = await openBlobs(config);
    const store = new SqlFileStore(db);
    let checked = 0;
    let faults = 0;
    for (let after = ''; ; ) {
      const page = await store.namedBlobs(after, blobsAtOnce);
      for (const blob of page) {
        const fault = await faultOf(blob, blobs);
        if (fault === undefined) continue;
        faults++;
        await print(`${blob.key}: ${fault}`);
      }
      checked += page.length;
      const last = page.at(-1);
      if (last === undefined || page.length < blobsAtOnce) break;
      after = last.key;
    }
    await print(`${checked} blobs looked at, ${faults} with a fault`);
    return faults === 0 ? 0 : 1;
  },
};

export const objects = commandWithActions({
  name: 'objects',
  summary: 'compare the records of files with what is there',
  help: () => `Usage: tessera objects verify [flags]

  verify  whether the content of every object is there, whole

tessera objects verify --help explains it.
`,
  actions: () => [verify],
});

const blobsAtOnce = 500;

async function faultOf({ key, engine, size }: NamedBlob, blobs: BlobStore): Promise<string | undefined> {
  if (engine !== blobs.engine) return `is in another store: ${engine}`;
  const there = await blobs.sizeOf(key);
  if (there === undefined) return 'is missing';
  return there === size ? undefined : `has ${there} bytes instead of ${size}`;
}
