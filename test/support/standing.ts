import type { Cluster } from './cluster.ts';
import { inTurn } from './in-turn.ts';
import { alters, type Entry, type KeyState, readKeyStates, readTrail } from './trail.ts';

/** What the registry and KV hold. */
export interface Standing {
  /** The entries of changes. */
  readonly trail: readonly Entry[];
  readonly keys: ReadonlyMap<string, KeyState>;
  /** By id: active, suspended or closed. */
  readonly accounts: ReadonlyMap<string, string>;
  /** By id: the status and the role. */
  readonly members: ReadonlyMap<string, string>;
  /** The accounts with changes that are not known to be in force. */
  readonly waiting: ReadonlySet<string>;
  readonly cached: readonly CachedRecord[];
}

/** Of a record in KV, what tells whether it is outdated. */
interface CachedRecord {
  readonly keyId: string;
  readonly generation: number;
}

/** Reads all of it. */
export async function readStanding(cluster: Cluster): Promise<Standing> {
  const db = await cluster.database();
  const [accounts, members] = await db.batch<{ id: string; is: string }>([
    db.prepare(`SELECT id, iif(closed_at_ms IS NULL, status, 'closed') AS "is" FROM accounts`),
    db.prepare(`SELECT id, status || ' ' || role AS "is" FROM members`),
  ]);
  const pairs = (rows: typeof accounts) => new Map(rows?.results.map(({ id, is }) => [id, is]));
  return {
    trail: (await readTrail(db)).filter(alters),
    keys: await readKeyStates(db),
    accounts: pairs(accounts),
    members: pairs(members),
    waiting: await waitingAccounts(db),
    cached: await readCached(await cluster.records()),
  };
}

async function waitingAccounts(db: D1Database): Promise<Set<string>> {
  const { results } = await db.prepare('SELECT DISTINCT account_id AS id FROM outbox').all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

async function readCached(records: KVNamespace): Promise<CachedRecord[]> {
  const names: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: KVNamespaceListResult<unknown> = await records.list({ cursor });
    names.push(...page.keys.map(({ name }) => name));
    if (page.list_complete) break;
    cursor = page.cursor;
  }
  const found: CachedRecord[] = [];
  await inTurn(names, async (name) => {
    const record = await records.get<CachedRecord>(name, 'json');
    if (record !== null) found.push(record);
  });
  return found;
}

/** Lets an isolate run its cron until nothing waits to be brought into force, but not for ever. */
export async function sweep(cluster: Cluster, isolate: number, mostRuns = 40): Promise<void> {
  const db = await cluster.database();
  for (let run = 0; run < mostRuns && (await waitingAccounts(db)).size > 0; run++) await cluster.schedule(isolate);
}
