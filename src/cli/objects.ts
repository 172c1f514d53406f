/** `tessera objects`: whether what the names of files promise is there. */
import { verifiedBlobs } from '../files/verification.ts';
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
    for await (const page of verifiedBlobs(store, blobs)) {
      checked += page.length;
      for (const { key, fault } of page) {
        if (fault === undefined) continue;
        faults++;
        await print(`${key}: ${fault}`);
      }
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
