/** Long commands end between two steps when they are asked to. */

/** SIGINT and SIGTERM abort the signal; a second one ends the process at once. */
export function watchInterrupts(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onSignal = () => {
    stopListening();
    controller.abort();
  };
  const stopListening = () => {
    for (const name of interruptions) process.off(name, onSignal);
  };
  for (const name of interruptions) process.on(name, onSignal);
  return { signal: controller.signal, [Symbol.dispose]: stopListening };
}

const interruptions = ['SIGINT', 'SIGTERM'] as const;

/** The exit code after an interruption: 128 + SIGINT, as shells have it. */
export const interruptedCode = 130;
