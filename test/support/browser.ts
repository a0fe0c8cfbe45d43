import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findBinary } from '../../scripts/servers/binaries.mjs';

/** How long the page may take to show what it is to show: longer than any does, on the busiest machine. */
const SHOWN_WITHIN_MS = 30_000;

const IMAGES = join(import.meta.dirname, '../../docs/images');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LAYOUT_SHIFT_MAX = 0.1;
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };

/** The same letters on every machine, where the system has them: pictures and widths go by them. */
const FONTS = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <match target="pattern"><edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
</fontconfig>`;

/** Adds up how much of a page moves by itself. What runs in a page stands here as text: it is no program of Node. */
const COUNT_SHIFTS = `
  globalThis.layoutShift = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) layoutShift += value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

/** A picture as WebP. */
const COMPRESS = `async (source) => {
  const image = await createImageBitmap(await (await fetch(source)).blob());
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: image.width, height: image.height });
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/webp', 0.9).split(',')[1];
}`;

/** What a page has loaded until its largest part was shown, and when that was. */
const FIRST_LOAD = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [page] = performance.getEntriesByType('navigation');
    const loaded = [page, ...performance.getEntriesByType('resource')];
    const bytes = loaded.reduce((sum, { transferSize }) => sum + transferSize, 0);
    resolve({ bytes, requests: loaded.length, shownAfterMs: Math.round(list.getEntries().at(-1).startTime) });
  }).observe({ type: 'largest-contentful-paint', buffered: true });
})`;

let browser: Browser;
const watched: { page: Page; faults: string[] }[] = [];

/** Starts the browser for a file of tests, and holds every page of theirs to what no page may do. */
export function useBrowser(): void {
  const dir = mkdtempSync(join(tmpdir(), 'browser-'));
  beforeAll(async () => {
    const fonts = join(dir, 'fonts.conf');
    writeFileSync(fonts, FONTS);
    const executablePath = findBinary(['chromium', 'chromium-browser', 'google-chrome']) ?? '';
    browser = await chromium.launch({
      executablePath,
      env: { ...(process.env as Record<string, string>), FONTCONFIG_FILE: fonts },
      // Root has no sandbox; the pages are our own, from this machine.
      args: ['--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    });
  });
  afterEach(async () => {
    for (const { page, faults } of watched.splice(0)) {
      if (!page.isClosed()) await expectStill(page);
      expect(faults).toEqual([]);
      await page.context().close();
    }
  });
  afterAll(async () => {
    await browser.close();
    rmSync(dir, { recursive: true, force: true });
  });
}

interface PageOptions extends BrowserContextOptions {
  readonly isPhone?: boolean;
  /** How late each answer of the API comes: see {@link answerLate}. */
  readonly lateMs?: number;
}

/** A page of a buyer of its own: nothing is shared with others. */
export async function openPage(url: string, { isPhone = false, lateMs, ...options }: PageOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: isPhone ? PHONE : DESK,
    deviceScaleFactor: 2,
    isMobile: isPhone,
    hasTouch: isPhone,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(SHOWN_WITHIN_MS);
  await watch(page, new URL(url).origin);
  if (lateMs !== undefined) await answerLate(page, lateMs);
  await page.goto(url);
  return page;
}

/** After so long what moves is not taken for what was clicked. */
export const LATER_THAN_CLICKS_MS = 600;

/** Has the API answer late, and one call after the other, so that a page is seen with each part of what it waits for. */
async function answerLate(page: Page, lateMs: number): Promise<void> {
  let before = Promise.resolve();
  await page.route('**/api/**', async (route) => {
    const turn = before.then(() => sleep(lateMs));
    before = turn;
    await turn;
    // Of a page that has been closed meanwhile nobody waits for it.
    await route.continue().catch(() => undefined);
  });
}

/** Expects that what was shown has not moved by itself since the page was loaded. */
export async function expectStill(page: Page): Promise<void> {
  const shift = await page.evaluate<number>(
    'new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(() => seen(layoutShift))))',
  );
  expect(shift).toBeLessThan(LAYOUT_SHIFT_MAX);
}

/** Notes what no page may do: errors, requests to others, what the policy forbids, things that jump. */
async function watch(page: Page, origin: string): Promise<void> {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // Of a refusal the browser says so by itself, and so it does without a network.
    const isOfNetwork =
      message.text().startsWith('Failed to load resource') && message.location().url.includes('/api/');
    if (message.type() === 'error' && !isOfNetwork) faults.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== origin) faults.push(`asks ${url.origin}`);
  });
  await page.addInitScript(COUNT_SHIFTS);
  watched.push({ page, faults });
}

/** Expects that a reader of screens, a keyboard and weak eyes get along with the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    const serious = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${colorScheme} ${id}: ${html} ${failureSummary}`),
      );
    expect(serious).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Expects that nothing is wider than the screen. */
export async function expectFits(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
}

interface FirstLoad {
  readonly requests: number;
  /** As they went over the wire, with their headers. */
  readonly bytes: number;
  readonly shownAfterMs: number;
}

/** What a page cost that was just opened; the time is the machine's, too. */
export function firstLoadOf(page: Page): Promise<FirstLoad> {
  return page.evaluate<FirstLoad>(FIRST_LOAD);
}

/** Whether pictures are taken for the documents. */
export function isPictured(): boolean {
  return process.env.SCREENSHOTS === '1';
}

/** Keeps a picture of the page for the documents, where SCREENSHOTS asks for them; compressed by the browser itself. */
export async function picture(page: Page, name: string, { isDark = false, isWhole = false } = {}): Promise<void> {
  if (!isPictured()) return;
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light' });
  const png = await page.screenshot({ fullPage: isWhole });
  const blank = await page.context().newPage();
  const webp = await blank.evaluate<string>(`(${COMPRESS})('data:image/png;base64,${png.toString('base64')}')`);
  await blank.close();
  mkdirSync(IMAGES, { recursive: true });
  writeFileSync(join(IMAGES, `${name}.webp`), Buffer.from(webp, 'base64'));
  await page.emulateMedia({ colorScheme: 'light' });
}
