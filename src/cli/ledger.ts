import { orThrow } from '../client/client.ts';
import type { components } from '../client/schema.ts';
import type { Access } from './access.ts';
import { command } from './command.ts';
import { EXIT, misuse } from './exit.ts';
import { accountOf, keyId } from './ids.ts';
import { cell, creditsText, timeText } from './output.ts';
import { given } from './pairs.ts';

type Usage = components['schemas']['Usage'];

const ANYONE = ['admin', 'session', 'key'] as const;

/** The options by which what a ledger tells is chosen. */
export const OF = {
  account: { type: 'string', value: 'ID', about: 'the account that is meant; an admin token needs it, or --key' },
  key: { type: 'string', value: 'ID', about: 'of this key' },
  category: { type: 'string', value: 'TEXT', about: 'of keys of this category' },
  from: { type: 'string', value: 'TIME', about: 'from this time on, like 2030-01-31T12:00:00Z' },
  to: { type: 'string', value: 'TIME', about: 'before this time' },
} as const;

/** The account whose ledger is asked by an operator: the one that is named, or that of the key. */
export async function ledgerOf({ keystile }: Access, account?: string, key?: string): Promise<string> {
  if (account !== undefined || key === undefined) return accountOf(account);
  return (await orThrow(keystile.GET('/admin/v1/keys/{id}', { params: { path: { id: key } } }))).account;
}

/** What requests came to. */
export const showUsage = command({
  name: 'usage',
  args: [],
  summary: 'Show what requests came to',
  as: ANYONE,
  options: { ...OF, by: { type: 'string', value: 'STEP', about: 'hour or day; hour unless given' } },
  more: 'With an API key, it is what that key came to.',
  async run({ options, output, open }) {
    const { category, from, to, by } = options;
    if (by !== undefined && by !== 'hour' && by !== 'day') throw misuse('--by: expected hour or day');
    const key = options.key === undefined ? undefined : keyId(options.key);
    const series = given({ from, to, by });
    const query = { ...series, ...given({ key, category }) };
    const access = await open(ANYONE);
    const { as, keystile } = access;
    if (as === 'key' && (key ?? category) !== undefined)
      throw misuse('an API key is told of itself: leave --key and --category out');
    const usage =
      as === 'admin'
        ? await orThrow(
            keystile.GET('/admin/v1/accounts/{id}/usage', {
              params: { path: { id: await ledgerOf(access, options.account, key) }, query },
            }),
          )
        : as === 'session'
          ? await orThrow(keystile.GET('/api/v1/user/usage', { params: { query } }))
          : await orThrow(keystile.GET('/api/v1/keys/apikey/usage', { params: { query: series } }));
    if (output.json) output.value(usage);
    else
      output.table(HEAD, [
        ...usage.points.map((each) => rowOf(timeText(each.starts_at), each)),
        rowOf('sum', usage.sums),
      ]);
    return EXIT.ok;
  },
});

const HEAD = ['FROM', 'REQUESTS', '2XX', '4XX', '5XX', 'CREDITS', 'PROMPT', 'COMPLETION', 'P50 MS', 'P99 MS'];
const rowOf = (
  name: string,
  { requests, statuses, micro, prompt_tokens, completion_tokens, ttfb_ms }: Usage['sums'],
) => [
  name,
  String(requests),
  ...['2xx', '4xx', '5xx'].map((status) => String(statuses[status] ?? 0)),
  creditsText(micro),
  String(prompt_tokens),
  String(completion_tokens),
  cell(ttfb_ms?.p50),
  cell(ttfb_ms?.p99),
];
