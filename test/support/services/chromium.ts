/** Where to find Chromium; Playwright starts it (test/support/browser.ts). */
import type { Program } from './program.ts';

export const chromiumProgram: Program = {
  id: 'chromium',
  title: 'Chromium',
  purpose: 'tests in a browser',
  // Without windows it takes a tenth less processor time for the same pages.
  binaries: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  places: ['/usr/bin', '/usr/lib/chromium', '/Applications/*.app/Contents/MacOS'],
  debianPackage: 'chromium-headless-shell',
  homebrewPackage: 'chromium',
};
