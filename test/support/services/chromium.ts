/** A private headless Chromium for tests, driven over the DevTools protocol. */
import { join } from 'node:path';
import { type Program, requireProgram } from './program.ts';
import { type Service, type ServiceKind, startService } from './service.ts';

export const chromiumProgram: Program = {
  id: 'chromium',
  title: 'Chromium',
  purpose: 'tests in a browser',
  binaries: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  places: ['/usr/bin', '/usr/lib/chromium', '/Applications/*.app/Contents/MacOS'],
  debianPackage: 'chromium',
  homebrewPackage: 'chromium',
};

/** Starts a browser with an empty profile. `url` is the DevTools endpoint, as Playwright's `connectOverCDP` takes it. */
export async function startChromium(): Promise<Service> {
  return startService(chromiumKind(requireProgram(chromiumProgram)));
}

function chromiumKind(binary: string): ServiceKind {
  const url = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;
  const isRoot = process.getuid?.() === 0;
  return {
    name: 'chromium',
    url,
    command: ({ directory, port }) => ({
      file: binary,
      args: [
        '--headless',
        `--remote-debugging-port=${port}`,
        `--user-data-dir=${join(directory, 'profile')}`,
        '--no-first-run',
        '--no-default-browser-check',
        '--disable-gpu',
        '--disable-dev-shm-usage', // containers have a small /dev/shm
        '--disable-background-networking',
        '--disable-crashpad-for-testing', // its processes would leave the group and outlive a kill
        ...(isRoot ? ['--no-sandbox'] : []), // Chromium's sandbox refuses root; our pages are our own
        'about:blank',
      ],
    }),
    isReady: async (place) =>
      (await fetch(`${url(place)}/json/version`, { signal: AbortSignal.timeout(2000), keepalive: false })).ok,
    stopSignal: 'SIGTERM',
    quitSignal: 'SIGKILL',
    leftovers: /Cannot start http server for devtools/,
  };
}
