/** Finds import cycles. */

/**
 * Import cycles, each as the path around it without the return to its first file: at least one of every group of
 * files that import each other, not every path through it. `imports` maps each file to the files that it imports.
 */
export function findCycles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const finished = new Set<string>();
  const cycles: string[][] = [];
  const path: string[] = [];

  const visit = (file: string): void => {
    if (finished.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push(path.slice(start));
      return;
    }
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    finished.add(file);
  };

  for (const file of imports.keys()) visit(file);
  return cycles;
}
