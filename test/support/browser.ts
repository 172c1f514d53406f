/** A real browser for a suite of tests: the system's Chromium, headless, driven by Playwright. */
import { type Browser, chromium } from 'playwright-core';
import { chromiumProgram } from './services/chromium.ts';
import { requireProgram } from './services/program.ts';
import { type SuiteScope, skipReason } from './test-services.ts';

/** Closed after the suite; undefined when the caller leaves Chromium out, in which case the test is marked as skipped. */
export async function browserForSuite(t: SuiteScope): Promise<Browser | undefined> {
  const reason = skipReason('chromium');
  if (reason !== false) {
    t.skip(reason);
    return undefined;
  }
  const browser = await launchBrowser();
  t.after(() => browser.close());
  return browser;
}

/** For the caller to close. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: requireProgram(chromiumProgram), args });
}

const args = [
  // Its sandbox refuses root, as which CI runs; the pages are our own.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
