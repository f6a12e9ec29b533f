import { ADMIN_TOKEN, type Cluster } from './cluster.ts';
import { type Json, type Reply, read } from './reply.ts';

/*
 * What an account's ledger and the gates of its keys have written down, as the admin routes show it.
 */

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };

async function show(cluster: Cluster, path: string): Promise<Reply> {
  const reply = await read(cluster.admin('GET', path));
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${reply.text}`);
  return reply;
}

/** All recorded requests, oldest first. */
export async function logOf(cluster: Cluster, account: string): Promise<Json[]> {
  const { text } = await show(cluster, `/accounts/${account}/logs?format=ndjson`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The sums of the usage series. */
export async function usageOf(cluster: Cluster, account: string, query = ''): Promise<Json> {
  return (await show(cluster, `/accounts/${account}/usage?by=day${query}`)).body.sums;
}

/** What was counted of what all keys share. */
export async function limitsOf(cluster: Cluster, account: string): Promise<Json> {
  return (await show(cluster, `/accounts/${account}/limits`)).body;
}

/** What the gate of a key has counted. */
export async function gateOf(cluster: Cluster, keyId: string): Promise<Json> {
  return (await show(cluster, `/keys/${keyId}`)).body.usage;
}

/** Where an account stands, in micro-credits. */
export async function creditsOf(cluster: Cluster, account: string): Promise<Json> {
  return (await show(cluster, `/accounts/${account}/credits`)).body;
}

/** Grants credits, from one of the isolates. */
export async function grantCredits(cluster: Cluster, account: string, micro: number, isolate = 0): Promise<void> {
  const reply = await read(
    cluster.send(
      `/admin/v1/accounts/${account}/credits`,
      {
        method: 'POST',
        headers: { ...ADMIN, 'idempotency-key': crypto.randomUUID() },
        body: JSON.stringify({ micro }),
      },
      isolate,
    ),
  );
  if (reply.status !== 201) throw new Error(`no grant: ${reply.status} ${reply.text}`);
}
