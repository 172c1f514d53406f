/** The tools of those who run what deploy/ describes: each checks its own file. */
import type { Program } from './program.ts';

export const systemdProgram: Program = {
  id: 'systemd',
  title: 'systemd-analyze',
  purpose: 'tests of the systemd unit',
  binaries: ['systemd-analyze'],
  places: ['/usr/bin'],
  debianPackage: 'systemd',
  homebrewPackage: '(none: it is of Linux alone)',
};

export const composeProgram: Program = {
  id: 'compose',
  title: 'docker-compose',
  purpose: 'tests of the compose file',
  binaries: ['docker-compose'],
  places: ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'],
  debianPackage: 'docker-compose',
  homebrewPackage: 'docker-compose',
};

export const nginxProgram: Program = {
  id: 'nginx',
  title: 'nginx',
  purpose: 'tests of the proxy in front of nodes',
  binaries: ['nginx'],
  places: ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'],
  debianPackage: 'nginx',
  homebrewPackage: 'nginx',
};
