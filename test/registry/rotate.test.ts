import { describe, expect, it } from 'vitest';
import { listAudit } from '../../src/registry/audit.ts';
import { addDigest, applyChanges, digestsOfKeys, findByDigests } from '../../src/registry/keys.ts';
import { type RotatableKey, readRotatable, readRotation, rotateSecret } from '../../src/registry/rotate.ts';
import { admin, count, makeKey, NOW_MS, openForTests, written } from './database.ts';

const store = openForTests();

const DAY_MS = 86_400_000;

async function current(keyId = 'k1'): Promise<RotatableKey> {
  const read = await readRotatable(store.db, keyId);
  if (read === null) throw new Error(`there is no key ${keyId}`);
  return read;
}

function rotateTo(name: string, read: RotatableKey, { alone = false, graceMs = DAY_MS, nowMs = NOW_MS } = {}) {
  const secret = { id: `sec_${name}`, prefix: `ks_live_${name}`, digest: `digest:${name}`, pepperVersion: 1 };
  return rotateSecret(store.db, read, secret, { graceEndsAtMs: nowMs + graceMs, alone }, admin, nowMs);
}

const graceOf = async (name: string) => {
  const found = await findByDigests(store.db, [`digest:${name}`]);
  return found && [found.record.replacedAtMs, found.record.graceEndsAtMs];
};

async function secrets() {
  const { results } = await store.db
    .prepare('SELECT id, replaced_at_ms AS replaced, grace_ends_at_ms AS ends FROM secrets ORDER BY created_at_ms, id')
    .all();
  return results;
}

describe('a rotation', () => {
  it('gives the key another secret and keeps its id, its settings and the secret before, until its grace ends', async () => {
    const settings = { label: 'ci', quotas: { total: 5 }, addresses: ['192.0.2.0/24'], metadata: { team: 'a' } };
    const before = await makeKey(store.db, { id: 'k1', ...settings });
    const read = await current();
    expect(read).toEqual({ key: before, secretId: 'sec_k1', isRotating: false });
    const rotation = await rotateTo('two', read, { nowMs: NOW_MS + 5 });
    expect(rotation).toEqual({ kind: 'rotated', key: { ...before, generation: 2, prefix: 'ks_live_two' } });
    expect((await current()).key).toEqual(rotation.kind === 'rotated' && rotation.key);
    expect(await graceOf('two')).toEqual([null, null]);
    expect(await graceOf('k1')).toEqual([NOW_MS + 5, NOW_MS + 5 + DAY_MS]);
    const both = await Promise.all(['k1', 'two'].map((name) => findByDigests(store.db, [`digest:${name}`])));
    expect(both.map((found) => [found?.record.keyId, found?.record.generation])).toEqual([
      ['k1', 2],
      ['k1', 2],
    ]);
    expect((await digestsOfKeys(store.db, ['k1'])).sort()).toEqual(['digest:k1', 'digest:two']);
  });

  it('stands in the audit trail and in the outbox, without secrets, and is known to be under way', async () => {
    await makeKey(store.db, { id: 'k1' });
    await rotateTo('two', await current());
    const [entry] = (await listAudit(store.db, { keyId: 'k1', limit: 1, cursor: null }))?.entries ?? [];
    expect(entry).toMatchObject({
      action: 'key.rotated',
      actor: 'admin:test',
      accountId: 'acc_1',
      before: { prefix: 'ks_live_k1' },
      after: { prefix: 'ks_live_two', graceEndsAtMs: NOW_MS + DAY_MS },
    });
    const { outbox } = await written(store.db);
    expect(outbox.at(-1)).toMatchObject({
      kind: 'key.rotated',
      account_id: 'acc_1',
      key_id: 'k1',
      generation: 2,
      payload: JSON.stringify({ prefix: 'ks_live_two', graceEndsAtMs: NOW_MS + DAY_MS, oldPrefix: 'ks_live_k1' }),
    });
    expect((await current()).isRotating).toBe(true);
    expect(JSON.stringify([entry, outbox])).not.toContain('digest:');
  });

  it('ends the grace of the one before, and a grace of none is over as it begins', async () => {
    await makeKey(store.db, { id: 'k1' });
    await rotateTo('two', await current(), { nowMs: NOW_MS + 1 });
    await rotateTo('three', await current(), { nowMs: NOW_MS + 2, graceMs: 0 });
    // By the clock of the last one the first grace had passed long ago: it is ended all the same, for clocks behind.
    await rotateTo('four', await current(), { nowMs: NOW_MS + 9 * DAY_MS });
    expect(await secrets()).toEqual([
      { id: 'sec_k1', replaced: NOW_MS + 1, ends: NOW_MS + 1 },
      { id: 'sec_two', replaced: NOW_MS + 2, ends: NOW_MS + 2 },
      { id: 'sec_three', replaced: NOW_MS + 9 * DAY_MS, ends: NOW_MS + 10 * DAY_MS },
      { id: 'sec_four', replaced: null, ends: null },
    ]);
    expect((await current()).key).toMatchObject({ generation: 4, prefix: 'ks_live_four' });
  });

  it('forgets the secrets that are over for long, but for the twenty that were replaced last', async () => {
    await makeKey(store.db, { id: 'k1' });
    for (let i = 1; i <= 25; i++) await rotateTo(`n${i}`, await current(), { nowMs: NOW_MS + i, graceMs: 0 });
    expect(await secrets()).toHaveLength(26);
    await rotateTo('last', await current(), { nowMs: NOW_MS + DAY_MS });
    const left = await secrets();
    expect(left).toHaveLength(21);
    expect(left.map(({ id }) => id)).not.toContain('sec_k1');
    expect((await digestsOfKeys(store.db, ['k1'])).sort()).toEqual(
      left.map(({ id }) => `digest:${String(id).slice(4)}`).sort(),
    );
  });

  it('leaves the secrets of other keys alone', async () => {
    await makeKey(store.db, { id: 'k1' });
    await makeKey(store.db, { id: 'k2' });
    await rotateTo('other', await current('k2'));
    await rotateTo('two', await current());
    expect(await graceOf('other')).toEqual([null, null]);
    expect(await graceOf('k2')).toEqual([NOW_MS, NOW_MS + DAY_MS]);
  });

  it('can be told again by the id of its secret', async () => {
    await makeKey(store.db, { id: 'k1' });
    await rotateTo('two', await current(), { nowMs: NOW_MS + 3 });
    const made = { key: (await current()).key, oldPrefix: 'ks_live_k1', graceEndsAtMs: NOW_MS + 3 + DAY_MS };
    expect(await readRotation(store.db, 'sec_two')).toEqual(made);
    expect(await readRotation(store.db, 'sec_k1')).toBeNull();
    expect(await readRotation(store.db, 'sec_none')).toBeNull();
  });
});

describe('a rotation writes nothing', () => {
  it('where another change came first', async () => {
    await makeKey(store.db, { id: 'k1' });
    const read = await current();
    await applyChanges(
      store.db,
      [{ key: read.key, change: { action: 'key.limited', set: { ratePerMinute: 9 } } }],
      admin,
      1,
    );
    const before = [await written(store.db), await secrets()];
    expect(await rotateTo('two', read)).toEqual({ kind: 'overtaken' });
    expect([await written(store.db), await secrets()]).toEqual(before);
    expect((await rotateTo('two', await current())).kind).toBe('rotated');
  });

  it('but once where twenty come at the same time', async () => {
    await makeKey(store.db, { id: 'k1' });
    const read = await current();
    const audits = await count(store.db, 'audit');
    const rotations = await Promise.all(Array.from({ length: 20 }, (_, i) => rotateTo(`n${i}`, read)));
    expect(rotations.map(({ kind }) => kind).sort()).toEqual([...Array(19).fill('overtaken'), 'rotated']);
    expect(await count(store.db, 'secrets')).toBe(2);
    expect(await count(store.db, 'secret_digests')).toBe(2);
    expect((await count(store.db, 'audit')) - audits).toBe(1);
    const [winner] = rotations.flatMap((rotation) => (rotation.kind === 'rotated' ? [rotation.key.prefix] : []));
    expect((await current()).key).toMatchObject({ prefix: winner, generation: 2 });
  });

  it('where the secret that was read is no longer the current one, though the generation is', async () => {
    await makeKey(store.db, { id: 'k1' });
    const read = await current();
    expect(await rotateTo('two', { ...read, secretId: 'sec_gone' })).toEqual({ kind: 'overtaken' });
    expect(await secrets()).toHaveLength(1);
  });

  it('where it was written already: the same secret twice is one rotation', async () => {
    await makeKey(store.db, { id: 'k1' });
    const read = await current();
    await rotateTo('two', read);
    const before = [await written(store.db), await secrets()];
    expect(await rotateTo('two', read)).toEqual({ kind: 'overtaken' });
    await expect(rotateTo('two', await current())).rejects.toThrow('UNIQUE');
    expect([await written(store.db), await secrets()]).toEqual(before);
  });

  it('where the digest is taken: the whole batch comes to nothing', async () => {
    await makeKey(store.db, { id: 'k1' });
    await makeKey(store.db, { id: 'k2' });
    await addDigest(store.db, 'digest:two', 'sec_k2', 2);
    const before = [await written(store.db), await secrets()];
    await expect(rotateTo('two', await current())).rejects.toThrow('UNIQUE');
    expect([await written(store.db), await secrets()]).toEqual(before);
  });
});

describe('where a key must be alone', () => {
  it('another active key of the account is in the way, and no other one is', async () => {
    await makeKey(store.db, { id: 'k1' });
    const other = await makeKey(store.db, { id: 'k2' });
    expect(await rotateTo('two', await current(), { alone: true })).toEqual({ kind: 'several_keys' });
    expect(await rotateTo('two', await current())).toMatchObject({ kind: 'rotated' });

    const expiry = { action: 'key.changed', set: { expiresAtMs: NOW_MS + 1 } };
    const [shorter] = (await applyChanges(store.db, [{ key: other, change: expiry }], admin, NOW_MS)).values();
    expect(await rotateTo('three', await current(), { alone: true })).toEqual({ kind: 'several_keys' });
    expect(await rotateTo('three', await current(), { alone: true, nowMs: NOW_MS + 1 })).toMatchObject({
      kind: 'rotated',
    });

    const switchOff = { action: 'key.deactivated', set: { status: 'inactive' as const, expiresAtMs: null } };
    await applyChanges(store.db, [{ key: shorter ?? other, change: switchOff }], admin, NOW_MS);
    expect(await rotateTo('four', await current(), { alone: true, nowMs: NOW_MS + 2 })).toMatchObject({
      kind: 'rotated',
    });
  });
});
