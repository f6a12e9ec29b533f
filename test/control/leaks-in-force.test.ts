import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Github, seen, startGithub, verdict } from '../support/github.ts';
import { unissuedKey } from '../support/keys.ts';
import { type Gateway, openGateway, type Reply } from './gateway.ts';

/* A report and a revocation by the secret itself, where gates cannot be reached: nothing is acknowledged that does not hold. */

const OWN = '/api/v1/keys/apikey/revoke';
const AWAY = { 'x-test-away': 'gates' };
const ENVIRONMENTS = { test: { leaked: 'deactivate' }, dev: { leaked: 'notify' } };

let github: Github;
let gateway: Gateway;
let account: string;

beforeAll(async () => {
  github = await startGithub();
  gateway = await openGateway({}, { environments: ENVIRONMENTS, leaks: { github: { keys_url: github.keysUrl } } });
  account = await gateway.account();
});
afterAll(() => Promise.all([gateway?.close(), github?.close()]));

const report = (report: readonly object[], headers: Record<string, string> = {}): Promise<Reply> => {
  const body = JSON.stringify(report);
  return gateway.call('/leaks/github', { method: 'POST', body, headers: { ...github.sign(body), ...headers } });
};
const refusal = ({ status, body }: Reply) => [status, body?.code];
const statusOf = async (id: string) => (await gateway.admin('GET', `/keys/${id}`)).body.status;

async function rowsOf(id: string): Promise<{ trail: string[]; waiting: string[] }> {
  const of = (table: string, column: string, by: string) =>
    gateway.db
      .prepare(`SELECT ${column} AS name FROM ${table} WHERE ${by} = ? AND ${column} <> 'key.created' ORDER BY id`)
      .bind(id)
      .all<{ name: string }>();
  const [trail, waiting] = await Promise.all([of('audit', 'action', 'key_id'), of('outbox', 'kind', 'key_id')]);
  return { trail: trail.results.map(({ name }) => name), waiting: waiting.results.map(({ name }) => name) };
}

describe('a report whose gates cannot be reached', () => {
  it.each([
    ['live', 'revoked', 'key.revoked'],
    ['test', 'inactive', 'key.deactivated'],
  ])(
    'of a key of %s is recorded with its event and not acknowledged, and the same report again is',
    async (environment, status, action) => {
      const { key, id } = await gateway.key(account, { environment });
      const sent = [seen(key)];
      const refused = await report(sent, AWAY);
      expect([...refusal(refused), refused.headers.get('retry-after')]).toEqual([503, 'not_in_force', '5']);
      expect(await statusOf(id)).toBe(status);
      expect(await rowsOf(id)).toEqual({ trail: ['key.leaked', action], waiting: ['key.leaked', action] });
      expect(refusal(await report(sent, AWAY))).toEqual([503, 'not_in_force']);
      expect(await rowsOf(id)).toEqual({ trail: ['key.leaked', action], waiting: ['key.leaked', action] });
      const again = await report(sent);
      expect([again.status, again.body]).toEqual([200, [verdict(key, true)]]);
      expect(await rowsOf(id)).toEqual({ trail: ['key.leaked', action], waiting: [] });
    },
  );

  it('of a key that is only written down has an event too, which the sweep closes', async () => {
    const { key, id } = await gateway.key(account, { environment: 'dev' });
    expect(refusal(await report([seen(key)], AWAY))).toEqual([503, 'not_in_force']);
    expect(await rowsOf(id)).toEqual({ trail: ['key.leaked'], waiting: ['key.leaked'] });
    await gateway.schedule(Date.now() + 60_000);
    expect(await rowsOf(id)).toEqual({ trail: ['key.leaked'], waiting: [] });
    expect(await statusOf(id)).toBe('active');
  });

  it('leaves what the event is about for who delivers it', async () => {
    const { key, id, prefix } = await gateway.key(account);
    await report([seen(key, { url: 'https://github.com/o/r?x=1', source: 'Issue_comment' })], AWAY);
    const row = await gateway.db
      .prepare("SELECT payload, generation, account_id AS account FROM outbox WHERE key_id = ? AND kind = 'key.leaked'")
      .bind(id)
      .first<{ payload: string; generation: number; account: string }>();
    const about = { reporter: 'github', outcome: 'revoke', prefix, source: 'issue_comment', type: 'keystile_api_key' };
    expect(JSON.parse(row?.payload ?? '')).toEqual({ ...about, url: 'https://github.com/o/r' });
    expect([row?.generation, row?.account]).toEqual([1, account]);
  });

  it('is done for all keys but the one that fails, and answered as failed', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => gateway.key(account)));
    const [first, ...others] = keys;
    const sent = [...keys.map(({ key }) => seen(key)), seen(unissuedKey())];
    expect(refusal(await report(sent, { 'x-test-away': first.id }))).toEqual([503, 'not_in_force']);
    for (const { id } of keys) expect(await statusOf(id)).toBe('revoked');
    expect((await rowsOf(first.id)).waiting).toEqual(['key.leaked', 'key.revoked']);
    for (const { id } of others)
      expect(await rowsOf(id)).toEqual({ trail: ['key.leaked', 'key.revoked'], waiting: [] });
    expect((await report(sent)).status).toBe(200);
    expect((await rowsOf(first.id)).waiting).toEqual([]);
  });

  it('of no key at all asks no gate', async () => {
    expect((await report([seen(unissuedKey())], AWAY)).status).toBe(200);
    expect((await report([], AWAY)).body).toEqual([]);
  });
});

it('a revocation by the secret itself is recorded and not acknowledged, and the same call again is', async () => {
  const { key, id } = await gateway.key(account);
  const revoke = (headers = {}) => gateway.call(OWN, { method: 'POST', token: key, headers, address: '203.0.113.1' });
  expect(refusal(await revoke(AWAY))).toEqual([503, 'not_in_force']);
  expect(refusal(await revoke(AWAY))).toEqual([503, 'not_in_force']);
  expect(await rowsOf(id)).toEqual({ trail: ['key.revoked'], waiting: ['key.revoked'] });
  expect((await revoke()).status).toBe(204);
  expect(await rowsOf(id)).toEqual({ trail: ['key.revoked'], waiting: [] });
});
