import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeAccount, createAccount, listAccounts } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import {
  listDeliveries,
  readAttempts,
  readDelivery,
  resendDelivery,
  testEndpoint,
} from '../../src/registry/delivery-log.ts';
import { keepResealed, purgeEndedSecrets, secretsUnder } from '../../src/registry/endpoint-secrets.ts';
import { eraseEvents } from '../../src/registry/erasing.ts';
import { keepChunk, purgeChunks, readChunk, readImport, readKnown, writeImported } from '../../src/registry/imports.ts';
import { addDigest, applyChanges, digestsOfKeys, findByDigests, readKey } from '../../src/registry/keys.ts';
import { noteOnce } from '../../src/registry/note.ts';
import { notePurge } from '../../src/registry/outbox.ts';
import { keysOfMember } from '../../src/registry/own-keys.ts';
import { writeCursor } from '../../src/registry/page.ts';
import { deadTrialKeys, purgeKeys } from '../../src/registry/purge.ts';
import { readRotatable, readRotation, rotateSecret } from '../../src/registry/rotate.ts';
import type { Db } from '../../src/registry/rows.ts';
import { findTrialByPrefix, keysAfter, listKeys } from '../../src/registry/search.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  isSigningSecret,
  listEndpoints,
  rotateEndpointSecret,
} from '../../src/registry/webhooks.ts';
import { admin, apply, makeKey, migrations, migrationsOf, NOW_MS, openDatabase, schema, tryKey } from './database.ts';

let fresh: Awaited<ReturnType<typeof openDatabase>>;
let migrated: Awaited<ReturnType<typeof openDatabase>>;

beforeAll(async () => {
  [fresh, migrated] = await Promise.all([openDatabase(schema), openDatabase(migrations)]);
});
afterAll(() => Promise.all([fresh.close(), migrated.close()]));

/** All that a database consists of, without its comments, and without the blanks that a migration leaves elsewhere. */
async function shape(db: D1Database) {
  const { results } = await db
    .prepare(
      `SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name`,
    )
    .all<{ type: string; name: string; tbl_name: string; sql: string | null }>();
  return results.map((part) => ({
    ...part,
    sql: part.sql
      ?.replace(/--[^\n]*/g, '')
      .replace(/\s+/g, ' ')
      .replace(/ ?([(),]) ?/g, '$1'),
  }));
}

describe('the schema', () => {
  it('is the same from schema.sql as from all migrations', async () => {
    const tables = (await shape(fresh.db)).filter(({ type }) => type === 'table').map(({ name }) => name);
    expect(tables).toEqual(
      expect.arrayContaining(['accounts', 'audit', 'keys', 'outbox', 'secret_digests', 'secrets']),
    );
    expect(await shape(migrated.db)).toEqual(await shape(fresh.db));
  });

  it('is not altered, and no row is lost, when it is applied again', async () => {
    const { db, close } = await openDatabase(schema);
    const before = await shape(db);
    await createAccount(db, { id: 'acc_1', name: 'One', plan: 'free' }, admin, NOW_MS);
    await makeKey(db, { id: 'k1' });
    await apply(db, schema);
    expect(await shape(db)).toEqual(before);
    expect(await readKey(db, 'k1')).toMatchObject({ id: 'k1', generation: 1 });
    await close();
  });

  it('of the version before is brought up by the new migrations; its rows are read, and the old code still writes', async () => {
    const { db, close } = await openDatabase(migrationsOf(/^0001_/));
    const oldAccount = `INSERT INTO accounts (id, name, plan, status, created_at_ms) VALUES (?, 'Old', 'free', 'active', 5)`;
    const oldKey = `INSERT INTO keys (id, account_id, environment, role, status, generation, rate_per_minute, quotas, prefix, created_at_ms)
      VALUES (?, ?, 'live', 'developer', 'active', 3, 60, '{"total":9,"daily":0}', 'ks_live_old', 6)`;
    await db.prepare(oldAccount).bind('acc_old').run();
    await db.prepare(oldKey).bind('k_old', 'acc_old').run();
    await apply(db, migrationsOf(/^000[^1]_/));
    expect(await shape(db)).toEqual(await shape(fresh.db));

    const key = await readKey(db, 'k_old');
    expect(key).toMatchObject({ generation: 3, ratePerMinute: 60, quotas: { total: 9, daily: 0 } });
    expect(key).toMatchObject({ ratePerSecond: null, budgetMicro: null, billingAnchorMs: 5 });
    await db.prepare(oldAccount).bind('acc_older').run();
    await db.prepare(oldKey).bind('k_older', 'acc_older').run();
    const keys = await keysAfter(db, null, 10);
    const set = { ratePerSecond: 2, quotas: { credits: { daily: 1 } } };
    const planned = keys.map((each) => ({ key: each, change: { action: 'key.updated', set } }));
    const changed = await applyChanges(db, planned, admin, NOW_MS);
    expect([...changed.keys()]).toEqual(['k_old', 'k_older']);
    for (const id of changed.keys()) expect(await readKey(db, id)).toMatchObject({ ...set, generation: 4 });
    await close();
  });

  it('refuses to change, delete or replace a row of the audit trail', async () => {
    const { db } = migrated;
    await createAccount(db, { id: 'acc_1', name: 'One', plan: 'free' }, admin, NOW_MS);
    const trail = await listAudit(db, { limit: 10, cursor: null });
    expect(trail?.entries).toHaveLength(1);
    const id = trail?.entries[0]?.id;
    const attempts = [
      `UPDATE audit SET actor = 'nobody'`,
      `DELETE FROM audit`,
      `REPLACE INTO audit (id, at_ms, actor, action) VALUES (${id}, 1, 'nobody', 'nothing')`,
      `INSERT INTO audit (id, at_ms, actor, action) VALUES (${id}, 1, 'nobody', 'nothing')
       ON CONFLICT DO UPDATE SET actor = 'nobody'`,
    ];
    for (const sql of attempts) await expect(db.prepare(sql).run(), sql).rejects.toThrow('never');
    expect(await listAudit(db, { limit: 10, cursor: null })).toEqual(trail);
  });

  it('refuses a change of a key that does not raise its generation, and one that revives it', async () => {
    const { db } = fresh;
    await createAccount(db, { id: 'acc_1', name: 'One', plan: 'free' }, admin, NOW_MS);
    await makeKey(db, { id: 'k1' });
    await expect(db.prepare(`UPDATE keys SET label = 'x'`).run()).rejects.toThrow('raises its generation');
    await db.prepare(`UPDATE keys SET status = 'revoked', generation = 2`).run();
    await expect(db.prepare(`UPDATE keys SET status = 'active', generation = 3`).run()).rejects.toThrow(
      'stays revoked',
    );
  });
});

/** A database that notes each statement as it is run on `db`. */
function noting(db: D1Database) {
  const statements: { sql: string; values: unknown[] }[] = [];
  const noted: Db = {
    prepare(sql) {
      const statement = db.prepare(sql);
      const note = { sql, values: [] as unknown[] };
      statements.push(note);
      return Object.assign(Object.create(statement), {
        bind(...values: unknown[]) {
          note.values = values;
          return statement.bind(...values);
        },
      });
    },
    batch: (all) => db.batch(all),
  };
  return { noted, statements };
}

describe('every query uses an index', () => {
  const page = { limit: 10, cursor: null };
  const next = { limit: 10, cursor: writeCursor([NOW_MS, 'k1']) };
  /** What is sorted by no index: a page, and the few secrets of an endpoint. */
  const SORTED = ['list by prefix', 'list by label', 'attempts of deliveries', 'rotation of an endpoint’s secret'];
  const ENDPOINT = { accountId: 'acc_1', id: 'whe_1' };
  const SECRET = { id: 'whs_1', sealed: '', keyVersion: 1 };
  const queries: Record<string, (db: Db) => Promise<unknown>> = {
    'lookup of a secret': (db) => findByDigests(db, ['a', 'b', 'c']),
    'new pepper': (db) => addDigest(db, 'a', 'sec_k1', 2),
    'digests of keys': (db) => digestsOfKeys(db, ['k1', 'k2']),
    'one key': (db) => readKey(db, 'k1'),
    'list of keys': (db) => listKeys(db, page, NOW_MS),
    'list of keys, next page': (db) => listKeys(db, next, NOW_MS),
    'list by account': (db) => listKeys(db, { ...page, accountId: 'acc_1', state: 'active' }, NOW_MS),
    'list by account, next page': (db) => listKeys(db, { ...next, accountId: 'acc_1' }, NOW_MS),
    'list of the keys of an account that stand': (db) =>
      listKeys(db, { ...next, accountId: 'acc_1', memberId: 'mem_1', state: 'standing', category: 'ci' }, NOW_MS),
    'list of the revoked keys of an account': (db) =>
      listKeys(db, { ...next, accountId: 'acc_1', state: 'revoked', environment: 'live' }, NOW_MS),
    'list by member': (db) => listKeys(db, { ...next, accountId: 'acc_1', memberId: 'mem_1' }, NOW_MS),
    'list by prefix': (db) => listKeys(db, { ...next, prefix: 'ks_live', accountId: 'acc_1' }, NOW_MS),
    'list by label': (db) => listKeys(db, { ...next, label: 'ci', state: 'active' }, NOW_MS),
    'all keys by id': (db) => keysAfter(db, 'k1', 10),
    'trial keys by prefix': (db) => findTrialByPrefix(db, 'ks_trial_abcdefgh', 'trial'),
    'dead trial keys': (db) => deadTrialKeys(db, 'trial', NOW_MS, 10),
    'purge of keys': (db) => purgeKeys(db, [{ id: 'nothing', generation: 1 }], admin, NOW_MS),
    'list of accounts': (db) => listAccounts(db, page),
    'list of accounts, next page': (db) => listAccounts(db, next),
    'change of an account': (db) => {
      const set = { name: 'x', plan: 'x', status: 'suspended', budgetMicro: 1, billingAnchorMs: null } as const;
      return changeAccount(db, 'nothing', { action: 'account.updated', set }, admin, NOW_MS);
    },
    'change of an account that concerns no key': (db) =>
      changeAccount(db, 'nothing', { action: 'account.updated', set: { name: 'x' } }, admin, NOW_MS),
    creation: (db) => {
      const caps = { perAccount: 0, perUser: 0, perHour: 0, uniqueLabel: true };
      const creator = { userId: 'u', roles: ['developer'] };
      return tryKey(db as D1Database, { id: 'new', memberId: 'mem_1', label: 'ci' }, { ...caps, creator });
    },
    'change of keys': async (db) => {
      const key = await readKey(db, 'k1');
      if (key === null) throw new Error('no key');
      const asked = { labelMustBeFree: true, creatorRoles: ['developer'] } as const;
      const change = { action: 'key.updated', set: { label: 'x' }, ...asked };
      return applyChanges(db, [{ key, change }], admin, NOW_MS);
    },
    'note of a purge': (db) => notePurge(db, 'k1', admin, NOW_MS),
    audit: (db) => listAudit(db, page),
    'audit of an account': (db) => listAudit(db, { limit: 10, cursor: writeCursor([1, 9]), accountId: 'acc_1' }),
    'audit of a key': (db) => listAudit(db, { ...page, accountId: 'acc_1', keyId: 'k1' }),
    'audit of a time': (db) => listAudit(db, { ...page, fromMs: 1, toMs: 9, actor: 'system', action: 'key.' }),
    'audit of an account and a time': (db) => listAudit(db, { ...page, accountId: 'acc_1', fromMs: 1, action: 'key.' }),
    'audit that a member may see': (db) => listAudit(db, { ...page, accountId: 'acc_1', visibleTo: 'mem_1' }),
    'audit of a key that a member may see': (db) => {
      return listAudit(db, { ...page, accountId: 'acc_1', keyId: 'k1', fromMs: 1, visibleTo: 'mem_1' });
    },
    'note of what happened once': (db) => {
      return noteOnce(db, { once: 'x', action: 'x', accountId: null, keyId: null, about: {} }, admin, NOW_MS);
    },
    'keys of a member': (db) => keysOfMember(db, 'mem_1'),
    'a key to rotate': (db) => readRotatable(db, 'k1'),
    rotation: async (db) => {
      const read = await readRotatable(db, 'k1');
      if (read === null) throw new Error('no key');
      const secret = { id: 'sec_next', prefix: 'ks_live_next', digest: 'digest:next', pepperVersion: 1 };
      const terms = { graceEndsAtMs: NOW_MS, alone: true };
      return rotateSecret(db, { ...read, secretId: 'nothing' }, secret, terms, admin, NOW_MS);
    },
    'a rotation that was made': (db) => readRotation(db, 'sec_k1'),
    'what is known of an import': (db) => {
      return readKnown(db, [{ line: 1, digests: ['a', 'b'] }], [{ account: null, external: 'org:x', user: 'u' }]);
    },
    'an import': (db) => {
      const party = { account: 'nothing', external: null, user: 'u' };
      const limits = { ratePerSecond: null, ratePerMinute: null, quotas: {}, expiresAtMs: null };
      const terms = {
        label: 'ci',
        category: null,
        environment: 'live',
        role: 'developer',
        addresses: null,
        metadata: {},
      };
      const secret = { secretId: 'sec_i', digests: ['i'], pepperVersion: 1, prefix: 'old_', createdAtMs: 1 };
      const key = {
        ...party,
        ...limits,
        ...terms,
        ...secret,
        id: 'i',
        line: 1,
        status: 'active',
        owners: ['x'],
      } as const;
      const members = [{ ...party, id: 'mem_i', role: 'developer' }];
      const accounts = [{ id: 'acc_1', external: 'ref:x', name: 'x', plan: 'free' }];
      const how = { uniqueLabel: true, origin: { import: 'x', chunk: 1 } };
      return writeImported(db, { keys: [key], members, accounts }, how, admin, NOW_MS);
    },
    'a chunk of an import': (db) => readChunk(db, 'x', 1),
    'end of a chunk': (db) => {
      return keepChunk(db, { import: 'x', chunk: 1, atMs: 1, body: '', counts: '{}', results: '[]' });
    },
    'an import as a whole': (db) => readImport(db, 'x'),
    'purge of chunks': (db) => purgeChunks(db, 1, 5),
    'secrets of endpoints under a version': (db) => secretsUnder(db, [1, 2], 5),
    'secrets of endpoints sealed anew': (db) => keepResealed(db, [SECRET]),
    'secrets of endpoints that are over': (db) => purgeEndedSecrets(db, 1, 5),
    'endpoints of an account': (db) => listEndpoints(db, 'acc_1'),
    'endpoints of the operator': (db) => listEndpoints(db, null),
    'creation of an endpoint': (db) => {
      const endpoint = { ...ENDPOINT, url: 'x', description: null, events: null };
      return createEndpoint(db, endpoint, SECRET, 0, admin, NOW_MS);
    },
    'change of an endpoint': (db) => changeEndpoint(db, ENDPOINT, { url: 'x', status: 'active' }, admin, NOW_MS),
    'end of an endpoint': (db) => deleteEndpoint(db, ENDPOINT, admin, NOW_MS),
    'rotation of an endpoint’s secret': (db) => rotateEndpointSecret(db, ENDPOINT, SECRET, NOW_MS, admin, NOW_MS),
    'a secret of an endpoint': (db) => isSigningSecret(db, 'whs_1'),
    'a test of an endpoint': (db) => testEndpoint(db, ENDPOINT, 'x', admin, NOW_MS),
    deliveries: (db) => listDeliveries(db, { ...ENDPOINT, ...page }),
    'deliveries of a type, next page': (db) => {
      const cursor = writeCursor([1, 9]);
      return listDeliveries(db, { ...ENDPOINT, limit: 10, cursor, type: 'test', status: 'failed' });
    },
    'a delivery': (db) => readDelivery(db, ENDPOINT, 1),
    'attempts of deliveries': (db) => readAttempts(db, []),
    'a delivery again': (db) => resendDelivery(db, ENDPOINT, 1, admin, NOW_MS),
    'erasure of events': (db) => eraseEvents(db, 'acc_1'),
  };
  let store: Awaited<ReturnType<typeof openDatabase>>;
  beforeAll(async () => {
    store = await openDatabase();
    await createAccount(store.db, { id: 'acc_1', name: 'One', plan: 'free' }, admin, NOW_MS);
    await makeKey(store.db, { id: 'k1' });
  });
  afterAll(() => store.close());

  async function plansOf(query: (db: Db) => Promise<unknown>) {
    const { noted, statements } = noting(store.db);
    await query(noted);
    expect(statements.length).toBeGreaterThan(0);
    const plans = statements.map(async ({ sql, values }) => {
      const { results } = await store.db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...values)
        .all<{ detail: string }>();
      return results.map(({ detail }) => detail);
    });
    return (await Promise.all(plans)).flat();
  }

  it.each(Object.entries(queries))('%s', async (name, query) => {
    const plan = await plansOf(query);
    const ownOrder = /^SCAN (?:k|accounts|audit)(?: USING (?:COVERING )?INDEX (?:keys|accounts)_by_creation)?$/;
    const lists = ['list of keys', 'list of accounts', 'audit', 'audit of a time'];
    for (const step of plan.filter((detail) => detail.startsWith('SCAN'))) {
      const allowed = /^SCAN (?:page(?: LEFT-JOIN)?$|[cp] VIRTUAL TABLE|json_each VIRTUAL TABLE|CONSTANT ROW)/.test(
        step,
      );
      expect(allowed || (lists.includes(name) && ownOrder.test(step)), `${name}: ${plan.join('; ')}`).toBe(true);
    }
    const sorts = plan.some((step) => step.includes('TEMP B-TREE'));
    expect(sorts, `${name}: ${plan.join('; ')}`).toBe(SORTED.includes(name));
  });

  it('finds the keys of an account that stand, and counts them for its caps, in one index that holds all it takes', async () => {
    const [list, creation] = await Promise.all([
      plansOf((db) => listKeys(db, { ...page, accountId: 'acc_1', state: 'active', category: 'ci' }, NOW_MS)),
      plansOf(queries.creation as (typeof queries)[string]),
    ]);
    expect(list).toContain('SEARCH k USING COVERING INDEX keys_standing (account_id=?)');
    const counts = creation.filter((step) => step === 'SEARCH keys USING COVERING INDEX keys_standing (account_id=?)');
    expect(counts).toHaveLength(4);
    expect(creation).toContain('SEARCH o USING COVERING INDEX keys_by_label (label=? AND account_id=?)');
  });

  it('searches a prefix as a range of its index', async () => {
    const plan = await plansOf((db) => listKeys(db, { ...page, prefix: 'ks_live_a' }, NOW_MS));
    expect(plan).toContain('SEARCH k USING INDEX keys_by_prefix (prefix>? AND prefix<?)');
  });
});
