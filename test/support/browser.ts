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

/** Of Playwright's list what concerns pages of ours, since Chromium heeds the last list only; and what costs without use. */
const disabledFeatures = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  // The address bar's list of suggestions is a page of its own in each window: a second of CPU time for each context.
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxPopup',
];

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
  `--disable-features=${disabledFeatures.join(',')}`,
  // The Go core has 35 MB of code, of which a page runs little and not for long: nothing is compiled before it is called,
  // and nothing twice.
  '--js-flags=--liftoff-only --wasm-lazy-validation',
];
