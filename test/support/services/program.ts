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
  readonly debianPackage: string;
  readonly homebrewPackage: string;
}

/** Path of the program's executable. Throws with what to install where it is missing. */
export function requireProgram(program: Program): string {
  const found = locate(program);
  if (found === undefined) throw new Error(missingMessage([program]));
  return found;
}

/**
 * Makes sure that every program is there, installing what is missing with apt-get on Debian as root.
 * Throws with what to install where that is impossible or does not help.
 *
 * @param say receives progress lines for the person who waits
 */
export async function ensurePrograms(programs: readonly Program[], say: (line: string) => void): Promise<void> {
  const missing = programs.filter((program) => locate(program) === undefined);
  if (missing.length === 0) return;
  const obstacle = aptObstacle();
  if (obstacle !== undefined) throw new Error(`${missingMessage(missing)}\nNot installed automatically: ${obstacle}.`);
  for (const { debianPackage, title, purpose } of missing)
    say(`installing ${debianPackage} (${title}, for ${purpose})`);
  await installWithApt(
    missing.map((program) => program.debianPackage),
    say,
  );
  missing.forEach(requireProgram);
}

function locate(program: Program): string | undefined {
  return findBinary(program.binaries, program.places);
}

function missingMessage(missing: readonly Program[]): string {
  const list = (words: readonly string[], separator: string) => words.join(separator);
  return [
    ...missing.map(
      ({ title, purpose, binaries, places }) =>
        `${title}, for ${purpose}, is not installed: no ${list(binaries, ' or ')} on PATH or in ${list(places, ', ')}.`,
    ),
    `Debian, Ubuntu: apt-get install ${list(
      missing.map((program) => program.debianPackage),
      ' ',
    )}`,
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
