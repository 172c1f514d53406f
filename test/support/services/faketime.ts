/** A clock that is wrong, for processes that tests start. */
import { globSync } from 'node:fs';
import type { Program } from './program.ts';

/** Not among those that `npm test` installs: few need it. */
export const faketimeProgram: Program = {
  id: 'faketime',
  title: 'faketime',
  purpose: 'clocks that are apart',
  binaries: ['faketime'],
  places: ['/usr/bin', '/opt/homebrew/bin'],
  debianPackage: 'faketime',
  homebrewPackage: 'libfaketime',
};

/** Environment of a process whose time of day is so many seconds off. Its monotonic clock is left alone. */
export function clockOff(seconds: number): Record<string, string> {
  const [library] = globSync(['/usr/lib/*/faketime/libfaketime.so.1', '/usr/lib/faketime/libfaketime.so.1']);
  if (library === undefined) throw new Error('libfaketime.so.1, for clocks that are apart, is not to be found');
  return {
    LD_PRELOAD: library,
    FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
}
