import { findCredential } from '../../credential/parse.ts';
import { addressKey, normaliseAddress } from '../../decision/address.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import type { KeyRecord } from '../../decision/record.ts';
import type { House } from '../../env.ts';
import { type AdmitFacts, identify, type Presented, present } from '../../gateway/admit.ts';
import type { Background } from '../../gateway/ask.ts';
import { lockOf } from '../../gateway/rates.ts';
import { strikeFor } from '../../gateway/strike.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import { callObject } from '../../objects/call.ts';
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
  const { edge, policy } = house;
  const { method, path, headers } = request;
  const address = request.address === null ? null : normaliseAddress(request.address);
  const source = request.address === null ? null : addressKey(request.address);
  if (address === null || source === null) return refused(deny('address_missing'));
  const credential = findCredential(headers, policy.credential.places);
  try {
    if (credential.kind === 'none') return refused((await lockOf(edge, source)) ?? deny('missing_credential'));
    if (edge.format.read(credential.text) === null) {
      return refused(await strikeFor(edge, deny('malformed'), source, null));
    }
  } catch {
    return refused(gateUnavailable(back, 'lockout'));
  }
  const presented = present(edge, credential.text);
  const facts = { method, path, address, source, reservation: 0 };
  const judged = await identify(edge, presented, facts, back);
  if (!judged.admitted) return { ok: false, ...judged };
  const { record } = judged;
  try {
    const retryAfterMs = await callObject(() => edge.lockout(`own:${record.keyId}`).take(CALLS_PER_MINUTE, MINUTE_MS));
    if (retryAfterMs > 0) return { ok: false, denial: deny('public_rate_limited', { retryAfterMs }), record };
  } catch {
    return { ok: false, denial: gateUnavailable(back, 'lockout'), record };
  }
  return { ok: true, record, presented, facts };
}

function refused(denial: Denial): OwnKeyGuarded {
  return { ok: false, denial, record: undefined };
}
