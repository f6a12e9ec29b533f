import { digestUnder, innerHash, parsePeppers } from '../../src/credential/digest.ts';
import { PEPPERS } from './cluster.ts';
import { unissuedKey } from './keys.ts';

/** A key as the registry would have made it. */
export interface FilledKey {
  readonly id: string;
  readonly key: string;
}

const parsed = parsePeppers(PEPPERS);

/** The digest by which the registry has a secret. */
export async function digestOf(secret: string): Promise<string> {
  if (!parsed.ok) throw new Error(parsed.problem);
  return digestUnder(parsed.peppers[0], await innerHash(secret));
}

/** Writes `count` active keys of one account straight into the registry, for tests that need very many at once. */
export function fillKeys(db: D1Database, account: string, count: number, preset = 'keystile'): Promise<FilledKey[]> {
  const wanted = Array.from({ length: count }, (_, i) => ({ id: `key_${account}_${i}`, account, member: null }));
  return fillKeysOf(db, wanted, preset);
}

/** The same of any accounts and members, by ids of the caller's. */
export async function fillKeysOf(
  db: D1Database,
  wanted: readonly { readonly id: string; readonly account: string; readonly member: string | null }[],
  preset = 'keystile',
): Promise<FilledKey[]> {
  const made = await Promise.all(
    wanted.map(async (fields) => {
      const key = unissuedKey(preset);
      return { ...fields, key, digest: await digestOf(key) };
    }),
  );
  const set = JSON.stringify(made.map(({ key, ...rest }) => ({ ...rest, prefix: key.slice(0, 14) })));
  const columns = 'id, account_id, user_id, environment, role, status, generation, quotas, prefix, created_at_ms';
  await db.batch([
    db
      .prepare(
        `INSERT INTO keys (${columns})
         SELECT value ->> 'id', value ->> 'account', value ->> 'member', 'live', 'developer', 'active', 1, '{}',
           value ->> 'prefix', 1 FROM json_each(?1)`,
      )
      .bind(set),
    db
      .prepare(
        `INSERT INTO secrets
         SELECT 'sec_' || (value ->> 'id'), value ->> 'id', value ->> 'prefix', 1, NULL, NULL FROM json_each(?1)`,
      )
      .bind(set),
    db
      .prepare(`INSERT INTO secret_digests SELECT value ->> 'digest', 'sec_' || (value ->> 'id'), 1 FROM json_each(?1)`)
      .bind(set),
  ]);
  return made.map(({ id, key }) => ({ id, key }));
}
