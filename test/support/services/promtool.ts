/** Prometheus's own tool, which checks alert rules and runs them on series. */
import type { Program } from './program.ts';

export const promtoolProgram: Program = {
  id: 'promtool',
  title: 'promtool',
  purpose: 'tests of the alert rules',
  binaries: ['promtool'],
  places: ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'],
  debianPackage: 'prometheus',
  homebrewPackage: 'prometheus',
};
