import { digestUnder, hex, innerHash } from '../credential/digest.ts';
import { mintKey, mintSigningSecret, type RandomSource } from '../credential/mint.ts';
import { deny } from '../decision/denial.ts';
import type { Policy } from '../policy/schema.ts';
import { findOnPrimary } from '../registry/lookup.ts';
import { beginRepeat, endRepeat, FREE, forgetRepeat, type RepeatRow } from '../registry/repeats.ts';
import { isSigningSecret } from '../registry/webhooks.ts';
import { type Answer, denied, json, type ShownSecret } from './answer.ts';
import type { Desk } from './desk.ts';
import { derivedEntropy, derivedSecret } from './entropy.ts';
import { invalid } from './input.ts';

/*
 * `Idempotency-Key` (IETF draft): a POST that is sent again has the answer of the first one, and does nothing twice.
 * An answer is kept without its secret. Ids and secrets of such a request are derived from a pepper, from the random
 * salt of its row and from the Idempotency-Key itself, of which only a digest is kept: so the one who sends it again
 * gets the same secret, and nobody can read it from the database, nor from the database and the pepper together.
 */

/** A request that runs for longer was cancelled, and may be run again. */
const STALE_MS = 60_000;
const SALT_BYTES = 32;

/** What is kept of an answer. */
interface Kept {
  readonly body: Readonly<Record<string, unknown>>;
  /** In which field of the body a secret stood, and which one. */
  readonly secret: ShownSecret | null;
}

/** What a request asks for; `value` is its body. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly value: unknown;
}

/**
 * Runs a POST, or repeats what became of it. Without the header it just runs. The same header with another request is
 * refused, and so is one whose first request is still running. What came to nothing is run again.
 */
export async function repeatable<D extends Desk>(
  desk: D,
  asked: Asked,
  run: (desk: D) => Promise<Answer>,
): Promise<Answer> {
  const { idempotencyKey: key, house, force, actor, nowMs } = desk;
  if (key === null) return run(desk);
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    return denied(invalid('Idempotency-Key', 'expected 1 to 200 visible ASCII characters').denial);
  }
  const { format, lookup } = house.edge;
  const [pepper] = lookup.peppers;
  const wanted = {
    name: await digestOf(actor.name, key),
    request: await digestOf(asked.method, asked.path, JSON.stringify(asked.value ?? null)),
    salt: `${pepper.version}:${hex(crypto.getRandomValues(new Uint8Array(SALT_BYTES)))}`,
  };
  const times = { keepMs: house.policy.idempotency.keep, staleMs: STALE_MS };
  const { row, begun } = await beginRepeat(force.db.withSession('first-primary'), wanted, nowMs, times);
  if (row.request !== wanted.request) return denied(deny('idempotency_conflict'));
  if (begun === 'no') return row.status === null ? stillRunning() : repeated(desk, row, key);
  const known = pepperOf(desk, row);
  if (known === null) return run(desk);
  const entropy = await derivedEntropy(known, [row.salt, key, actor.name], format, begun === 'again');
  const answer = await run({ ...desk, entropy }).catch(async (error: unknown) => {
    await endRepeat(force.db, row.name, FREE, null);
    throw error;
  });
  if (isRefusal(house.policy, answer)) {
    await forgetRepeat(force.db, row.name).catch(() => undefined);
    return answer;
  }
  const [status, kept] = keptOf(answer);
  // Where it cannot be kept, the next one runs it again and finds its work done.
  await endRepeat(force.db, row.name, status, kept).catch(() => undefined);
  return answer;
}

function stillRunning(): Answer {
  return denied(deny('idempotency_conflict', { detail: 'the first request with this key is still running: wait' }));
}

/** Nothing came of it, whatever it was refused for. A failure of ours (5xx) may have done its work all the same. */
function isRefusal({ denials }: Policy, answer: Answer): boolean {
  return answer.kind === 'denied' && denials[answer.denial.reason].status < 500;
}

/** The status and the text to keep. What is no success goes on: it is run again. */
function keptOf(answer: Answer): [status: number, body: string | null] {
  if (answer.kind === 'empty') return [204, null];
  if (answer.kind !== 'json') return [FREE, null];
  const { body, secret = null, status } = answer;
  const kept: Kept = { body: secret === null ? { ...body } : { ...body, [secret.field]: null }, secret };
  return [status, JSON.stringify(kept)];
}

/**
 * The answer as it was given, its secret made again. Null stands in its place where it cannot be, since the pepper is
 * retired or keys have another format by now, and where the registry does not know it any more.
 */
async function repeated(desk: Desk, row: RepeatRow, key: string): Promise<Answer> {
  if (row.body === null) return { kind: 'empty' };
  const { body, secret } = JSON.parse(row.body) as Kept;
  const status = row.status === 201 ? 201 : 200;
  const pepper = pepperOf(desk, row);
  if (secret === null || pepper === null) return json(body, status);
  const source = await derivedSecret(pepper, [row.salt, key, desk.actor.name], desk.house.edge.format);
  const text = await secretAgain(desk, secret, source);
  return json(text === null ? body : { ...body, [secret.field]: text }, status);
}

/** A secret made once more of what it was made of; null where it is known no more. */
async function secretAgain({ house, force }: Desk, secret: ShownSecret, source: RandomSource): Promise<string | null> {
  if ('signing' in secret) {
    const isKnown = await isSigningSecret(force.db.withSession('first-primary'), secret.signing);
    return isKnown ? mintSigningSecret(source) : null;
  }
  const { format, lookup } = house.edge;
  if (!Object.hasOwn(house.policy.environments, secret.environment)) return null;
  const text = mintKey(format, secret.environment, source);
  const inner = await innerHash(text);
  return (await findOnPrimary(lookup, inner, await digestUnder(lookup.peppers[0], inner))) === null ? null : text;
}

function pepperOf({ house }: Desk, { salt }: RepeatRow) {
  const version = Number(salt.slice(0, salt.indexOf(':')));
  return house.edge.lookup.peppers.find((pepper) => pepper.version === version) ?? null;
}

async function digestOf(...parts: readonly string[]): Promise<string> {
  return hex(await innerHash(JSON.stringify(parts)));
}
