/** The only reader of the process environment. */

/** The environment's TESSERA_* variables, after loading an optional `.env` from the working directory. */
export function readEnvironment(): Record<string, string> {
  try {
    process.loadEnvFile();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('TESSERA_') && value !== undefined) found[name] = value;
  }
  return found;
}
