import { meter } from './metered-textbook.ts';
import { buildTextbook, type Env } from './textbook.ts';

export { Counter } from './metered-textbook.ts';

const HOUR_MS = 3_600_000;

/* The textbook build that records as well: a row of the log for each request, one index to list a key's, and a sum per hour. */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS requests (
     id INTEGER PRIMARY KEY, request_id TEXT, key_id TEXT, at_ms INTEGER, status INTEGER, ttfb_ms INTEGER)`,
  'CREATE INDEX IF NOT EXISTS requests_by_key ON requests (key_id, at_ms)',
  `CREATE TABLE IF NOT EXISTS usage (
     key_id TEXT, hour INTEGER, requests INTEGER, PRIMARY KEY (key_id, hour)) WITHOUT ROWID`,
];
let hasTables = false;

async function note({ DB: db }: Env, keyId: string, status: number, startedAtMs: number): Promise<void> {
  if (!hasTables) await db.batch(TABLES.map((sql) => db.prepare(sql)));
  hasTables = true;
  await db.batch([
    db
      .prepare('INSERT INTO requests (request_id, key_id, at_ms, status, ttfb_ms) VALUES (?, ?, ?, ?, ?)')
      .bind(crypto.randomUUID(), keyId, startedAtMs, status, Date.now() - startedAtMs),
    db
      .prepare('INSERT INTO usage VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1')
      .bind(keyId, Math.floor(startedAtMs / HOUR_MS)),
  ]);
}

export default meter(buildTextbook(note));
