import chromium from '@sparticuz/chromium';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, type Cluster, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';

/*
 * The page of /docs in a real browser. Its address is given as the edge would: a browser sends none.
 */

let issuer: Issuer;
let cluster: Cluster;
let browser: Browser;
let page: Page;
/** Where the page asked for something, and what the browser refused or complained of. */
const asked: string[] = [];
const complaints: string[] = [];

const ADDRESS = { 'cf-connecting-ip': '192.0.2.1' };

beforeAll(async () => {
  issuer = await startIssuer();
  [cluster, browser] = await Promise.all([
    startCluster({ page: true, policy: { session: issuer.policy, control: { base_path: '/control' } } }),
    playwright.launch({
      executablePath: await chromium.executablePath(),
      args: ['--no-sandbox', '--no-zygote', '--disable-gpu'],
    }),
  ]);
  page = await browser.newPage({ extraHTTPHeaders: ADDRESS });
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${cluster.urls[0]}/control/docs`);
  await page.locator('.opblock').first().waitFor();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
  await issuer?.close();
});

describe('the page of the API', () => {
  test('shows every operation of the document, and every event', async () => {
    const document: { paths: object; webhooks: object } = await (await cluster.send('/control/openapi.json')).json();
    const [operations, events] = [document.paths, document.webhooks].map((all) =>
      Object.values(all).flatMap(Object.keys),
    );
    expect(operations?.length).toBeGreaterThan(20);
    expect(events?.length).toBeGreaterThan(20);
    expect(await page.locator('.webhooks .opblock').count()).toBe(events?.length);
    expect(await page.locator('.opblock').count()).toBe((operations?.length ?? 0) + (events?.length ?? 0));
  });

  test('calls one with what was typed in, and shows its answer', async () => {
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const admin = page.locator('.auth-container', { hasText: 'An admin token.' });
    await admin.locator('input').fill(ADMIN_TOKEN);
    await admin.getByRole('button', { name: 'Apply credentials' }).click();
    await admin.getByRole('button', { name: 'Close' }).click();

    const accounts = page.locator('#operations-Operators-createAccount');
    await accounts.locator('.opblock-summary-control').click();
    await accounts.getByRole('button', { name: 'Try it out' }).click();
    await accounts.getByRole('button', { name: 'Execute' }).click();
    const answer = accounts.locator('.live-responses-table').first();
    await answer.waitFor();
    expect(await answer.innerText()).toMatch(/^201\b[\s\S]*"id": "acc_/m);
  });

  test('loads nothing from elsewhere, and nothing that its policy refuses', async () => {
    const { headers } = await cluster.send('/control/docs');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(asked.length).toBeGreaterThanOrEqual(5);
    expect(asked.filter((url) => !url.startsWith(`${cluster.urls[0]}/control/`) && !url.startsWith('data:'))).toEqual(
      [],
    );
    expect(complaints).toEqual([]);
  });
});
