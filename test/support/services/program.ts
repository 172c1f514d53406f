/** What a test service needs on the machine, and how to come by it. */
import { aptObstacle, installWithApt } from './apt.ts';
import { findBinary } from './find-binary.ts';

/** A program that tests start. */
export interface Program {
  /** As `TESSERA_TEST_SKIP` names it. */
  readonly id: string;
  /** As people name it. */
  readonly title: string;
  /** What it is needed for, to go after "for". */
  readonly purpose: string;
  /** Names of the executable, the preferred one first. */
  readonly binaries: readonly string[];
  /** Directories outside PATH where it may be, as glob patterns. */
  readonly places: readonly string[];
  /** Absent for what Debian does not have: `install` brings that. */
  readonly debianPackage?: string;
  readonly homebrewPackage: string;
  /** Puts what Debian does not have where `places` says; to go after "get it with" for people. */
  readonly install?: { readonly with: string; readonly run: () => Promise<void> };
}

/** Path of the program's executable. Throws with what to install where it is missing. */
export function requireProgram(program: Program): string {
  const found = locate(program);
  if (found === undefined) throw new Error(missingMessage([program]));
  return found;
}

/**
 * Makes sure that every program is there, installing what is missing: with apt-get on Debian as root, and what Debian
 * does not have in its own way. Throws with what to install where that is impossible or does not help.
 *
 * @param say receives progress lines for the person who waits
 */
export async function ensurePrograms(programs: readonly Program[], say: (line: string) => void): Promise<void> {
  const missing = programs.filter((program) => locate(program) === undefined);
  if (missing.length === 0) return;
  for (const { id, title, purpose } of missing) say(`installing ${title} (${id}), for ${purpose}`);
  await Promise.all([
    installPackages(missing, say),
    ...missing.map(async ({ title, install }) => {
      if (install === undefined) return;
      const startedAt = Date.now();
      await install.run();
      say(`${title} is there after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    }),
  ]);
  missing.forEach(requireProgram);
}

async function installPackages(missing: readonly Program[], say: (line: string) => void): Promise<void> {
  const packages = missing.flatMap(({ debianPackage = [] }) => debianPackage);
  if (packages.length === 0) return;
  const obstacle = aptObstacle();
  if (obstacle !== undefined) throw new Error(`${missingMessage(missing)}\nNot installed automatically: ${obstacle}.`);
  await installWithApt(packages, say);
}

function locate(program: Program): string | undefined {
  return findBinary(program.binaries, program.places);
}

function missingMessage(missing: readonly Program[]): string {
  const list = (words: readonly string[], separator: string) => words.join(separator);
  const packages = missing.flatMap(({ debianPackage = [] }) => debianPackage);
  return [
    ...missing.map(
      ({ title, purpose, binaries, places }) =>
        `${title}, for ${purpose}, is not installed: no ${list(binaries, ' or ')} on PATH or in ${list(places, ', ')}.`,
    ),
    ...(packages.length > 0 ? [`Debian, Ubuntu: apt-get install ${list(packages, ' ')}`] : []),
    ...missing.flatMap(({ title, install }) => (install === undefined ? [] : [`${title}: ${install.with}`])),
    `macOS: brew install ${list(
      missing.map((program) => program.homebrewPackage),
      ' ',
    )}`,
    `Or leave its tests out: TESSERA_TEST_SKIP=${list(
      missing.map((program) => program.id),
      ',',
    )}`,
  ].join('\n');
}
