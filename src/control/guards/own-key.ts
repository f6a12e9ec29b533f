import { digestUnder, innerHash } from '../../credential/digest.ts';
import { findCredential } from '../../credential/parse.ts';
import { addressKey, normaliseAddress } from '../../decision/address.ts';
import { graceEnded } from '../../decision/decide.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import type { KeyRecord } from '../../decision/record.ts';
import type { House } from '../../env.ts';
import { type AdmitFacts, identify, type Presented, present } from '../../gateway/admit.ts';
import type { Background } from '../../gateway/ask.ts';
import type { Edge } from '../../gateway/edge.ts';
import { lockOf, takeFor } from '../../gateway/rates.ts';
import { strikeFor, strikeMalformed } from '../../gateway/strike.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import { callObject } from '../../objects/call.ts';
import type { CredentialPlace } from '../../policy/schema.ts';
import { fromPrimary } from '../../registry/lookup.ts';
import type { Desk } from '../desk.ts';

/** The desk of a key that asks about itself. */
export interface OwnKeyDesk extends Desk {
  /** The key as it was judged, seen through the secret that was sent. */
  readonly record: KeyRecord;
  readonly presented: Presented;
  /** By which it was judged. */
  readonly facts: AdmitFacts;
}

/** What the guard reads of a request. */
export interface OwnKeyRequest {
  readonly method: string;
  /** The path as roles name it: without `control.base_path`. */
  readonly path: string;
  /** CF-Connecting-IP. */
  readonly address: string | null;
  readonly headers: Headers;
}

/** A key that may ask; or why not, and of which key, where one was found. */
export type OwnKeyGuarded =
  | ({ readonly ok: true } & Pick<OwnKeyDesk, 'record' | 'presented' | 'facts'>)
  | { readonly ok: false; readonly denial: Denial; readonly record: KeyRecord | undefined };

/** What a key asks about itself is read from objects that others share; its own limits do not count it. */
const CALLS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;

/**
 * Lets a key ask about itself, or says why not. It is judged as for any other call, by its state, role and addresses; a
 * bad one is a strike, and a locked address is refused. Nothing is taken of its limits, and one that has none left may
 * ask all the same, {@link CALLS_PER_MINUTE} times a minute. Never throws: where something cannot be asked nobody passes.
 */
export async function guardOwnKey(house: House, request: OwnKeyRequest, back: Background): Promise<OwnKeyGuarded> {
  const { edge } = house;
  const heard = await hear(house, request, back);
  if ('denial' in heard) return refused(heard.denial);
  const { presented, facts } = heard;
  const judged = await identify(edge, presented, facts, back);
  if (!judged.admitted) return { ok: false, ...judged };
  const { record } = judged;
  try {
    const often = await slowDown(edge, `own:${record.keyId}`);
    return often === null ? { ok: true, record, presented, facts } : refused(often, record);
  } catch {
    return refused(gateUnavailable(back, 'lockout'), record);
  }
}

/**
 * Lets whoever holds a secret end its key, or says why not. The key's state, role and addresses, its account and a lock
 * of its secret do not matter: who found a leaked key calls from anywhere, and ending it is the safe side. So may a
 * secret in its grace: who took a key over by rotating it is thrown out by the one it was taken from. A secret that
 * works no more may not, or what leaked once could end the key for ever; like one that is no key it is a strike. An
 * address asks {@link CALLS_PER_MINUTE} times a minute, since each time the primary is read; of a key as often, apart
 * from its other calls, or who has the secret could use them up and keep others from ending it. Never throws.
 */
export async function guardHolder(house: House, request: OwnKeyRequest, back: Background): Promise<OwnKeyGuarded> {
  const { edge } = house;
  const heard = await hear(house, request, back);
  if ('denial' in heard) return refused(heard.denial);
  const { presented, facts } = heard;
  try {
    const slow = await takeFor(edge, 'own', facts.source, CALLS_PER_MINUTE, 'public_rate_limited');
    if (slow !== null) return refused(slow);
    const inner = await innerHash(presented.secret);
    const digest = await digestUnder(edge.lookup.peppers[0], inner);
    const { secret } = presented;
    const found = await fromPrimary(edge.lookup, inner, digest);
    // One that only its old system knows comes in to be ended, or its first use would bring it in.
    const record = found ?? (await edge.adopt?.(edge, { secret, inner, digest, source: facts.source }, back));
    if (record !== undefined && 'reason' in record) return refused(record);
    const ended = record && record.status !== 'revoked' ? graceEnded(record, edge.clock.nowMs()) : null;
    if (record === undefined || ended !== null) {
      return refused(await strikeFor(edge, ended ?? deny('unknown'), facts.source, digest, record), record);
    }
    const often = await slowDown(edge, `revoke:${record.keyId}`);
    return often === null ? { ok: true, record, presented, facts } : refused(often, record);
  } catch {
    return refused(gateUnavailable(back, 'store'));
  }
}

interface Heard {
  readonly presented: Presented;
  readonly facts: AdmitFacts & { readonly source: string };
}

/** Who calls, and with which secret of `places`; or why it is not heard. One that cannot be a key is a strike. */
export async function hear(
  { edge, policy }: House,
  request: OwnKeyRequest,
  back: Background,
  places: readonly CredentialPlace[] = policy.credential.places,
): Promise<Heard | { readonly denial: Denial }> {
  const { method, path, headers } = request;
  const address = request.address === null ? null : normaliseAddress(request.address);
  const source = request.address === null ? null : addressKey(request.address);
  if (address === null || source === null) return { denial: deny('address_missing') };
  const credential = findCredential(headers, places);
  if (credential.kind === 'none') {
    const locked = await lockOf(edge, source).catch(() => gateUnavailable(back, 'lockout'));
    return { denial: locked ?? deny('missing_credential') };
  }
  if (edge.format.read(credential.text) === null) return { denial: await strikeMalformed(edge, source, back) };
  return {
    presented: present(edge, credential.text),
    facts: { method, path, address, source, reservation: 0 },
  };
}

/** Counts a call in the object of this name; the denial of one too many, or null. Throws where it cannot be reached. */
async function slowDown(edge: Edge, name: string): Promise<Denial | null> {
  const retryAfterMs = await callObject(() => edge.lockout(name).take(CALLS_PER_MINUTE, MINUTE_MS));
  return retryAfterMs > 0 ? deny('public_rate_limited', { retryAfterMs }) : null;
}

function refused(denial: Denial, record?: KeyRecord): OwnKeyGuarded {
  return { ok: false, denial, record };
}
