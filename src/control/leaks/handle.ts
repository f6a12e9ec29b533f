import { digestUnder, hex, innerHash } from '../../credential/digest.ts';
import type { KeyFormat } from '../../credential/format.ts';
import { redact } from '../../credential/redact.ts';
import { graceEnded } from '../../decision/decide.ts';
import type { Background } from '../../gateway/ask.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import { type Alter, changeKeys } from '../../registry/changes.ts';
import { type FoundSecret, findSecrets, type Leak, type LeakAbout, noteLeaks } from '../../registry/leaks.ts';
import type { StoredKey } from '../../registry/rows.ts';
import { type Answer, json, notInForce } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { MAX_SET } from '../input.ts';
import { deactivation, revocation } from '../keys/keys.ts';
import { placeOf, type Sighting } from './report.ts';

type Outcome = LeakAbout['outcome'];

/** What is done with a leaked key. What is done already, or is not to be done, is still brought into force. */
const ALTERATIONS: Readonly<Record<Outcome, Alter>> = {
  revoke: revocation,
  deactivate: deactivation,
  notify: () => null,
  none: () => null,
};

/** The desk of a report. */
export type ReportDesk = Pick<Desk, 'house' | 'force' | 'actor' | 'nowMs'> & { readonly back: Background };

/** A token of a report: its SHA-256, and the secret that it is here, if it is one. */
interface Judged {
  readonly sighting: Sighting;
  readonly inner: ArrayBuffer;
  readonly secret: FoundSecret | undefined;
}

/**
 * Does with every reported token that is a secret of a key what the policy says for the key's environment, and tells
 * which are. Tokens of any format are looked for, by their digests. 200 says that all of it holds: no request with such
 * a key that is sent later is admitted anywhere, where it was revoked or switched off. One that fails keeps no other
 * from being done, and makes the answer 503; what is recorded by then is driven through, and the same report again does
 * the rest.
 */
export async function answerReport(desk: ReportDesk, reporter: string, report: readonly Sighting[]): Promise<Answer> {
  const judged = await judge(desk, report);
  const leaks = judged.flatMap(({ sighting, secret }) =>
    secret === undefined ? [] : [leakOf(desk, sighting, secret)],
  );
  const holds = await settle(desk, reporter, leaks);
  const { format } = desk.house.edge;
  return holds ? json(judged.map((each) => verdictOf(each, format))) : notInForce();
}

async function judge({ house, force }: ReportDesk, report: readonly Sighting[]): Promise<Judged[]> {
  const { peppers } = house.edge.lookup;
  const hashed = await Promise.all(
    report.map(async (sighting) => {
      const inner = await innerHash(sighting.token);
      return { sighting, inner, digests: await Promise.all(peppers.map((pepper) => digestUnder(pepper, inner))) };
    }),
  );
  const db = force.db.withSession('first-primary');
  const found = await findSecrets(
    db,
    hashed.flatMap(({ digests }) => digests),
  );
  return hashed.map(({ sighting, inner, digests }) => ({
    sighting,
    inner,
    secret: digests.map((digest) => found.get(digest)).find((secret) => secret !== undefined),
  }));
}

/** A secret that works no more is one that was rotated after its leak, and its key goes on. */
function leakOf({ house }: ReportDesk, sighting: Sighting, secret: FoundSecret) {
  const { edge, policy } = house;
  const { key, prefix } = secret;
  const isOver = key.status !== 'revoked' && graceEnded(secret, edge.clock.nowMs()) !== null;
  const outcome: Outcome = isOver ? 'none' : (policy.environments[key.environment]?.leaked ?? 'revoke');
  return { key, prefix, outcome, place: placeOf(sighting, (text) => redact(text, edge.format)) };
}

type KeyLeak = ReturnType<typeof leakOf>;

/** Whether all that is to be done about the leaks is in force. */
async function settle(desk: ReportDesk, reporter: string, leaks: readonly KeyLeak[]): Promise<boolean> {
  const ofKeys = [...Map.groupBy(leaks, ({ key }) => key.id).values()];
  let holds = true;
  for (let i = 0; i < ofKeys.length; i += MAX_SET) {
    const some = ofKeys.slice(i, i + MAX_SET);
    holds = (await settleSome(desk, reporter, some)) && holds;
  }
  return holds;
}

/** The same of a set of keys, each with its leaks. */
async function settleSome(
  { force, actor, nowMs, back }: ReportDesk,
  reporter: string,
  ofKeys: readonly KeyLeak[][],
): Promise<boolean> {
  const notes = ofKeys.flat().map(
    ({ key, prefix, outcome, place }): Leak => ({
      keyId: key.id,
      about: { reporter, outcome, prefix, ...place },
    }),
  );
  const outcomes = new Map<string, Outcome>();
  for (const { key, outcome } of ofKeys.flat()) if (outcome !== 'none') outcomes.set(key.id, outcome);
  const alter: Alter = (key) => ALTERATIONS[outcomes.get(key.id) ?? 'none'](key);
  const keys = ofKeys.flatMap(([leak]): StoredKey[] => (leak === undefined ? [] : [leak.key]));
  try {
    await noteLeaks(force.db, notes, actor, nowMs);
    const kinds = await changeKeys(force, keys, actor, nowMs, alter);
    // A key that is not there any more is not in force either.
    return [...kinds.values()].every((kind) => kind === 'in_force' || kind === 'not_found');
  } catch (error) {
    gateUnavailable(back, 'store', { error: error instanceof Error ? error.message : 'unknown' });
    return false;
  }
}

function verdictOf({ sighting, inner, secret }: Judged, format: KeyFormat) {
  return {
    token_hash: hex(inner),
    token_type: redact(sighting.type, format),
    label: secret === undefined ? 'false_positive' : 'true_positive',
  };
}
