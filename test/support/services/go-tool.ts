/** Test programs that come as Go modules, compiled once a machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findBinary } from './find-binary.ts';
import type { Program } from './program.ts';

/** Where Go's own archive, and packages of versions, put it. */
const places = ['/usr/local/go/bin', '/usr/lib/go-*/bin', '/opt/homebrew/bin'];

/** @param directory to put the program into */
export function goInstall(title: string, module: string, directory: string): NonNullable<Program['install']> {
  const asked = `go install ${module} (Go 1.24 or newer)`;
  return {
    with: asked,
    run: async () => {
      const go = findBinary(['go'], places);
      if (go === undefined)
        throw new Error(`${title} needs ${asked}: there is no go on PATH or in ${places.join(', ')}`);
      const env = { ...process.env, GOBIN: directory, CGO_ENABLED: '0' };
      // Compiling takes a third less time without optimizing, and tests give it little to do.
      await promisify(execFile)(go, ['install', '-gcflags=all=-N -l', module], { env }).catch((error: unknown) => {
        throw new Error(`${title}: ${asked} failed\n${error}`);
      });
    },
  };
}
