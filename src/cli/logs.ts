import { setTimeout as sleep } from 'node:timers/promises';
import { orThrow } from '../client/client.ts';
import type { operations } from '../client/schema.ts';
import { command } from './command.ts';
import { EXIT, misuse } from './exit.ts';
import { isLater } from './failure.ts';
import { type Entry, Follower, newest, type Page, type PageQuery } from './follow.ts';
import { keyId } from './ids.ts';
import { ledgerOf, OF } from './ledger.ts';
import { cell, creditsText, type Output, plain, timeText } from './output.ts';
import { given, numberOf } from './pairs.ts';
import { pauseMs } from './send.ts';

type Query = NonNullable<operations['showAccountLogs']['parameters']['query']>;

const MANAGERS = ['admin', 'session'] as const;
/** How often new entries are asked for; the gateway records within a second. */
const POLL_MS = 1_000;

/** The request log. */
export const showLogs = command({
  name: 'logs',
  args: [],
  summary: 'Show requests, the oldest first',
  as: MANAGERS,
  options: {
    ...OF,
    status: { type: 'string', value: 'STATUS', about: 'answered so, like 404 or 4xx' },
    reason: { type: 'string', value: 'REASON', about: 'refused for this reason, like rate_limited' },
    limit: { type: 'string', value: 'N', about: 'the last so many; 50 unless given' },
    follow: { type: 'boolean', about: 'go on with each request that is recorded, until ctrl-C' },
  },
  more: `With --json each request is a line of its own. Following goes on when the gateway is away for a while; a request that
took more than an hour to end is left out there.
Example: keystile logs --status 4xx --follow`,
  async run({ options, output, open }) {
    const { category, from, to, status, reason, follow = false } = options;
    if (follow && to !== undefined) throw misuse('--follow has no end: leave --to out');
    const most = numberOf('limit', options.limit) ?? 50;
    const key = options.key === undefined ? undefined : keyId(options.key);
    const filter = given({ key, category, from, to, status, reason: reason as Query['reason'] });
    const access = await open(MANAGERS);
    const { as, keystile } = access;
    const id = as === 'admin' ? await ledgerOf(access, options.account, key) : null;
    const pageOf = (page: PageQuery): Promise<Page> => {
      const query = { ...filter, ...page, ...given({ from: laterOf(from, page.from) }) };
      return orThrow(
        id === null
          ? keystile.GET('/api/v1/user/logs', { params: { query } })
          : keystile.GET('/admin/v1/accounts/{id}/logs', { params: { path: { id }, query } }),
      );
    };
    const startMs = Date.now();
    const entries = await newest(pageOf, most);
    if (!output.json) output.line(HEAD);
    print(output, most === 0 ? [] : entries.slice(0, most));
    if (!follow) return EXIT.ok;
    const follower = new Follower(pageOf, entries, startMs);
    for (;;) {
      await sleep(POLL_MS);
      print(output, await persisted(() => follower.poll(Date.now()), output));
    }
  },
});

/** What a call brings, however long the gateway is away; says so once. */
async function persisted<T>(call: () => Promise<T>, output: Output): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      const brought = await call();
      if (failures > 0) output.note('the gateway answers again');
      return brought;
    } catch (error) {
      if (!isLater(error)) throw error;
      if (failures === 0) output.note('the gateway does not answer: trying again until it does');
      await sleep(pauseMs(error, failures));
    }
  }
}

function laterOf(one: string | undefined, other: string | undefined): string | undefined {
  return one !== undefined && other !== undefined && Date.parse(one) < Date.parse(other) ? other : (one ?? other);
}

const HEAD = line(['TIME', 'STATUS', 'METHOD', 'MS', 'CREDITS', 'KEY', 'PATH']);

/** Prints entries that stand newest first in their order of time; the columns are as wide as most need. */
function print(output: Output, entries: readonly Entry[]): void {
  for (const entry of entries.toReversed()) {
    if (output.json) output.value(entry);
    else output.line(plain(textOf(entry)));
  }
}

function textOf({ at, status, reason, method, ttfb_ms, micro, label, key, path }: Entry): string {
  const text = line([timeText(at), String(status), method, String(ttfb_ms), creditsText(micro), label ?? key, path]);
  return reason === null ? text : `${text} (${cell(reason)})`;
}

function line([
  time = '',
  status = '',
  method = '',
  ms = '',
  credits = '',
  key = '',
  path = '',
]: readonly string[]): string {
  return [
    time.padEnd(20),
    status.padEnd(6),
    method.padEnd(7),
    ms.padStart(6),
    credits.padStart(9),
    key.padEnd(27),
    path,
  ].join(' ');
}
