import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = readFileSync(join(import.meta.dirname, 'page.html'), 'utf8');
const STYLE = createHash('sha256')
  .update(/<style>([^<]*)<\/style>/.exec(PAGE)?.[1] ?? '')
  .digest('base64');

/** What the page may load: its own style, and nothing from anywhere. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE}'; base-uri 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
};

/** The form in which one says who one is. The names of roles are those of a policy, which need no escaping. */
export function signInPage(roles: readonly string[]): string {
  return PAGE.replace('<!-- roles -->', roles.map((role) => `<option>${role}</option>`).join(''));
}
