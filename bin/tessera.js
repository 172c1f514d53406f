#!/usr/bin/env node
/*
 * Starts Tessera on Node 24: on the running Node when it is new enough, else on the one that the development
 * dependency `node` installed. Old Nodes must be able to parse this file, so its syntax is that of Node 12.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const NEEDED_MAJOR = 24;
const FORWARDED_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** Set for the server that this file starts on the other Node, so that it does not outlive the wrapper. */
const WRAPPED = '_TESSERA_WRAPPED';

const isWindows = process.platform === 'win32';
const installedNode = installed(isWindows ? 'bin/node.exe' : 'bin/node');

if (isNewEnough(process.version)) {
  if (process.env[WRAPPED] !== undefined) stopWithWrapper();
  keepCompiled();
  forgetYoungObjectsYoung();
  import('../src/main.ts');
} else if (isUsable(installedNode)) runOn(installedNode);
else fail();

/**
 * What Node has compiled is kept for the next start, which then costs half. It stays inside the installation, since who
 * may write there may change the program as well. A process that may not write there does without.
 */
function keepCompiled() {
  const packages = fileURLToPath(new URL('../node_modules', import.meta.url));
  if (existsSync(packages)) nodeModule.enableCompileCache(`${packages}/.cache/compiled`);
}

/**
 * What is allocated at a place whose objects once outlived a collection, V8 puts among the old ones from then on. A message
 * on its way to the disk is such an object, and all that it names would stay until the next full collection. See
 * docs/adr/0002. It has to be said before anything is compiled.
 */
function forgetYoungObjectsYoung() {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** @param path within the package */
function installed(path) {
  return fileURLToPath(new URL(`../node_modules/node/${path}`, import.meta.url));
}

function isNewEnough(version) {
  const match = /^v(\d+)\./.exec(version);
  return match !== null && Number(match[1]) >= NEEDED_MAJOR;
}

/** npm may have been told not to run the script that puts the binary there; what is there may not run. */
function isUsable(binary) {
  if (!existsSync(binary)) return false;
  const probe = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  return probe.status === 0 && isNewEnough(probe.stdout);
}

/** A wrapper that is killed outright cannot pass anything on, but its end of the channel closes. */
function stopWithWrapper() {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

/** Runs this file again on the other Node, and ends as that one ends. */
function runOn(binary) {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(binary, ['--use-largepages=silent', self].concat(process.argv.slice(2)), {
    env: Object.assign({}, process.env, { [WRAPPED]: '1' }),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  FORWARDED_SIGNALS.forEach((signal) => {
    process.on(signal, () => {
      // A terminal's Ctrl-C reaches both processes; passed on as well, it would count as the second one.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    FORWARDED_SIGNALS.forEach((name) => {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
  });
}

/** By what is there. Node 24 is a development package, which production installs leave out. */
function remedy() {
  if (!existsSync(installed('..'))) return 'Nothing is installed yet: npm ci --include=dev';
  if (!existsSync(installed('.'))) {
    return 'It was left out (NODE_ENV=production, --omit=dev): npm ci --include=dev';
  }
  return 'It is there without its program, as after --ignore-scripts: npm rebuild node';
}

function fail() {
  console.error(
    [
      `Tessera needs Node ${NEEDED_MAJOR} or newer; this is Node ${process.version.slice(1)}.`,
      `Either install Node ${NEEDED_MAJOR}, or let npm put one into node_modules. ${remedy()}`,
    ].join('\n'),
  );
  process.exit(1);
}
