import { type Answered, KeystileError, orThrow, refusalOf } from '../client/client.ts';
import type { components } from '../client/schema.ts';
import type { Access } from './access.ts';
import { type Call, command } from './command.ts';
import { EXIT, type ExitCode, misuse } from './exit.ts';
import { accountOf, keyId } from './ids.ts';
import { cell, creditsText, type Output, timeText } from './output.ts';
import { given, numberOf, pairsOf, quotasOf } from './pairs.ts';

type ShownKey = components['schemas']['ShownKey'];
type ListedKey = components['schemas']['ListedKey'];
type Counted = components['schemas']['Counted'];

const MANAGERS = ['admin', 'session'] as const;
const ACCOUNT = { type: 'string', value: 'ID', about: 'the account that is meant' } as const;
const LONGEST_PAGE = 200;

const createKey = command({
  name: 'keys create',
  args: [],
  summary: 'Make a key; its secret is shown once, here',
  as: MANAGERS,
  options: {
    account: ACCOUNT,
    environment: { type: 'string', value: 'NAME', about: 'where it is for, like live' },
    label: { type: 'string', value: 'TEXT', about: 'what it is called' },
    role: { type: 'string', value: 'NAME', about: 'what it may do' },
    category: { type: 'string', value: 'TEXT', about: 'by which lists and usage are filtered' },
    'expires-at': { type: 'string', value: 'TIME', about: 'when it ends, like 2030-01-31T12:00:00Z' },
    'rate-limit-per-second': { type: 'string', value: 'N', about: 'the most requests in a second' },
    'rate-limit-per-minute': { type: 'string', value: 'N', about: 'the most requests in a minute' },
    quota: {
      type: 'string',
      multiple: true,
      value: 'PERIOD=N',
      about: 'the most requests: total, daily, weekly or monthly',
    },
    'credit-quota': { type: 'string', multiple: true, value: 'PERIOD=N', about: 'the same in millionths of a credit' },
    address: { type: 'string', multiple: true, value: 'CIDR', about: 'an address or range that may use it' },
    metadata: { type: 'string', multiple: true, value: 'NAME=TEXT', about: 'a note of your own' },
    'copy-from': {
      type: 'string',
      value: 'ID',
      about: 'a key whose category, role and limits count where none is named',
    },
  },
  more: 'Example: keystile keys create --environment live --label ci --quota daily=10000',
  async run({ options, output, open }) {
    const copied = options['copy-from'];
    const body = given({
      environment: options.environment,
      label: options.label,
      role: options.role,
      category: options.category,
      expires_at: options['expires-at'],
      rate_limit_per_second: numberOf('rate-limit-per-second', options['rate-limit-per-second']),
      rate_limit_per_minute: numberOf('rate-limit-per-minute', options['rate-limit-per-minute']),
      quotas: quotasOf('quota', options.quota),
      credit_quotas: quotasOf('credit-quota', options['credit-quota']),
      addresses: options.address && [...options.address],
      metadata: pairsOf('metadata', options.metadata),
      copy_from: copied === undefined ? undefined : keyId(copied),
    });
    const { as, keystile } = await open(MANAGERS);
    const header = { 'Idempotency-Key': crypto.randomUUID() };
    const answered =
      as === 'admin'
        ? await keystile.POST('/admin/v1/accounts/{id}/keys', {
            params: { path: { id: accountOf(options.account) }, header },
            body,
          })
        : await keystile.POST('/api/v1/user/api-keys', { params: { header }, body });
    return shownOnce(output, answered, 'key');
  },
});

const listKeys = command({
  name: 'keys list',
  args: [],
  summary: 'Show keys, newest first',
  as: MANAGERS,
  options: {
    account: ACCOUNT,
    status: { type: 'string', value: 'STATUS', about: 'active, inactive, expired, revoked or all' },
    category: { type: 'string', value: 'TEXT', about: 'of this category' },
    environment: { type: 'string', value: 'NAME', about: 'of this environment' },
    creator: { type: 'string', value: 'ID', about: 'made by this member' },
    prefix: { type: 'string', value: 'TEXT', about: 'whose visible prefix begins so; with an admin token' },
    limit: { type: 'string', value: 'N', about: 'at most so many; 100 unless given' },
  },
  more: 'Without --status, a session is shown no revoked and no expired keys.',
  async run({ options, output, open }) {
    const { status, category, environment, creator, prefix } = options;
    const most = numberOf('limit', options.limit) ?? 100;
    const { as, keystile } = await open(MANAGERS);
    if (as === 'session' && prefix !== undefined) throw misuse('--prefix is for admin tokens');
    const filter = given({ status: status as 'all' | undefined, category, environment, creator });
    const account = options.account === undefined ? {} : { account: accountOf(options.account) };
    const pageOf = (page: { limit: string; cursor?: string }) =>
      as === 'admin'
        ? keystile.GET('/admin/v1/keys', {
            params: { query: { ...filter, ...account, ...given({ prefix }), ...page } },
          })
        : keystile.GET('/api/v1/user/api-keys', { params: { query: { ...filter, ...page } } });
    const keys: ListedKey[] = [];
    let cursor: string | null = null;
    do {
      const limit = String(Math.min(LONGEST_PAGE, Math.max(1, most - keys.length)));
      const page: { keys: ListedKey[]; next_cursor: string | null } = await orThrow(
        pageOf({ limit, ...(cursor !== null && { cursor }) }),
      );
      keys.push(...page.keys);
      cursor = page.next_cursor;
    } while (cursor !== null && keys.length < most);
    if (output.json) output.value(keys);
    else output.table(HEAD, keys.map(rowOf));
    if (cursor !== null) output.note(`there are more: --limit shows more than ${most}`);
    return EXIT.ok;
  },
});

const HEAD = ['ID', 'PREFIX', 'STATUS', 'ENVIRONMENT', 'ROLE', 'LABEL', 'CREATED', 'LAST USED'];
const rowOf = (key: ListedKey) => [
  key.id,
  key.prefix,
  key.status,
  key.environment,
  key.role,
  cell(key.label),
  timeText(key.created_at),
  timeText(key.last_used?.at),
];

const showKey = command({
  name: 'keys show',
  args: ['ID'],
  summary: 'Show a key, with its limits and what is left of them',
  as: MANAGERS,
  options: { account: ACCOUNT },
  more: '',
  async run({ args, output, open }) {
    const path = { id: keyId(args[0]) };
    const { as, keystile } = await open(MANAGERS);
    const key = await orThrow(
      as === 'admin'
        ? keystile.GET('/admin/v1/keys/{id}', { params: { path } })
        : keystile.GET('/api/v1/user/api-keys/{id}', { params: { path } }),
    );
    if (output.json) output.value(key);
    else output.fields({ ...fieldsOf(key), ...limitFields(key.usage) });
    return EXIT.ok;
  },
});

const rotateKey = command({
  name: 'keys rotate',
  args: ['[ID]'],
  summary: 'Give a key a new secret, which is shown once, here',
  as: ['admin', 'session', 'key'],
  options: {
    account: ACCOUNT,
    'grace-seconds': { type: 'string', value: 'N', about: 'how long the old secret works on; 0 after a leak' },
  },
  more: `Without an ID it is the key in KEYSTILE_API_KEY itself.
Example: keystile keys rotate key_9dKx2LpT --grace-seconds 3600`,
  async run(call) {
    const { options, output } = call;
    const body = given({ grace_seconds: numberOf('grace-seconds', options['grace-seconds']) });
    const header = { 'Idempotency-Key': crypto.randomUUID() };
    const { access, id } = await openKey(call);
    const { as, keystile } = access;
    if (id === null) {
      const answered = await keystile.POST('/api/v1/keys/apikey/rotate', { params: { header }, body });
      return shownOnce(output, answered, 'new_api_key');
    }
    const params = { path: { id }, header };
    const answered =
      as === 'admin'
        ? await keystile.POST('/admin/v1/keys/{id}/rotate', { params, body })
        : await keystile.POST('/api/v1/user/api-keys/{id}/rotate', { params, body });
    return shownOnce(output, answered, 'new_api_key');
  },
});

const revokeKey = command({
  name: 'keys revoke',
  args: ['[ID]'],
  summary: 'Revoke a key, for good',
  as: ['admin', 'session', 'key'],
  options: { account: ACCOUNT },
  more: 'Without an ID it is the key in KEYSTILE_API_KEY itself. When it is done, the key is admitted nowhere.',
  async run(call) {
    const { access, id } = await openKey(call);
    const { as, keystile } = access;
    if (id === null) await orThrow(keystile.POST('/api/v1/keys/apikey/revoke'));
    else if (as === 'admin') await orThrow(keystile.POST('/admin/v1/keys/{id}/revoke', { params: { path: { id } } }));
    else await orThrow(keystile.DELETE('/api/v1/user/api-keys/{id}', { params: { path: { id } } }));
    if (call.output.json) call.output.value({ id, revoked: true });
    else call.output.line(`${id ?? 'the key'} is revoked`);
    return EXIT.ok;
  },
});

/** What is done with keys. */
export const KEY_COMMANDS = [createKey, listKeys, showKey, rotateKey, revokeKey];

/**
 * Opens the gateway for one key: that with the id, or without one the key in `KEYSTILE_API_KEY` itself. Where somebody
 * else is configured too, an id that is missing is a mistake rather than the wish to change that key.
 */
async function openKey({ args: [text], chosen, isKnown, open }: Call): Promise<{ access: Access; id: string | null }> {
  if (text !== undefined) {
    const id = keyId(text);
    return { access: await open(MANAGERS), id };
  }
  if (chosen !== 'key' && MANAGERS.some(isKnown)) {
    throw misuse('expected the ID of a key; --as key means the key in KEYSTILE_API_KEY itself');
  }
  return { access: await open(['key']), id: null };
}

/**
 * Prints a new secret. It stands in the answer of a change that is recorded and not yet in force, too, and is printed
 * all the same: it is shown nowhere else. Throws where the change was refused.
 */
function shownOnce(output: Output, answered: Answered<object>, field: 'key' | 'new_api_key'): ExitCode {
  const shown = { ...(answered.response.ok ? answered.data : (answered.error as object)) } as Record<string, unknown>;
  if (typeof shown[field] !== 'string') throw new KeystileError(refusalOf(answered));
  if (output.json) output.value(shown);
  else output.fields(Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, textOf(value)])));
  if (!output.json) output.note('the secret is shown only now: keep it where your service reads it');
  if (answered.response.ok) return EXIT.ok;
  output.note('recorded, and not yet in force everywhere: it will be within a minute');
  return EXIT.unavailable;
}

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : cell(value as string | number | null);
}

/** A key without what is counted. */
function fieldsOf(key: ShownKey): Readonly<Record<string, string>> {
  const { usage: _, last_used, ...fields } = key;
  const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(value)]));
  return { ...texts, last_used: last_used === null ? '-' : `${last_used.at} from ${cell(last_used.address)}` };
}

/** What is left of each limit. */
export function limitFields(counted: Counted | null): Readonly<Record<string, string>> {
  const limits = counted?.limits ?? [];
  return Object.fromEntries(
    limits.map(({ name, unit, limit, remaining }) => {
      const shown = unit === 'requests' ? String : creditsText;
      return [`left of ${name}`, `${shown(remaining)} of ${shown(limit)} ${unit === 'requests' ? unit : 'credits'}`];
    }),
  );
}
