import type { Db } from './rows.ts';

/** The ids of all keys that a member made, those that are revoked too. */
export async function keysOfMember(db: Db, memberId: string): Promise<string[]> {
  const { results } = await db.prepare('SELECT id FROM keys WHERE user_id = ?').bind(memberId).all<{ id: string }>();
  return results.map(({ id }) => id);
}
