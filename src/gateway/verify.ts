import { addressKey, normaliseAddress } from '../decision/address.ts';
import { type Denial, deny } from '../decision/denial.ts';
import type { KeyRecord } from '../decision/record.ts';
import type { House } from '../env.ts';
import { type Admission, type AdmitFacts, admit, admitWarm, present } from './admit.ts';
import type { Background } from './ask.ts';
import { NOTHING } from './measure.ts';
import type { NormalPath } from './path.ts';
import { record } from './recording.ts';
import { addressSource, lockDenial, strikeMalformed } from './strike.ts';

/** A request that somebody else serves, and about which a door is asked. */
export interface Asked {
  /** Minted here; it names the request in the log. */
  readonly requestId: string;
  /** What the client presents as its key; null: nothing. */
  readonly credential: string | null;
  readonly method: string;
  /** The path, and how it was read. */
  readonly target: NormalPath;
  /** Whether the role is asked for this method and path; if not, it must permit anything at all. */
  readonly isRoleAsked: boolean;
  /** The client's address; null: none is known. */
  readonly client: Client | null;
  /** What it costs, in micro-credits: set aside, and charged where it is admitted. */
  readonly micro: number;
}

/** A client's address as it was given, in its normal form, and as lockouts know it. */
export interface Client {
  readonly given: string;
  readonly address: string;
  readonly source: string;
}

/** What came of it. `record` is the key, as far as one was found. */
export type Verdict =
  | { readonly admitted: true; readonly record: KeyRecord }
  | { readonly admitted: false; readonly denial: Denial; readonly record: KeyRecord | undefined };

/** An address as it is given; null where the text is none. */
export function clientOf(given: string): Client | null {
  const address = normaliseAddress(given);
  const source = addressKey(given);
  return address === null || source === null ? null : { given, address, source };
}

/** The facts of a request by which its key is judged. */
export function factsOf({ method, target, isRoleAsked, client, micro }: Asked): AdmitFacts {
  return {
    method,
    path: isRoleAsked && target.ok ? target.path : null,
    address: client?.address ?? null,
    source: client?.source ?? null,
    reservation: micro,
  };
}

/**
 * Decides on a request as the proxy does, with the same counters, leases and lockouts, and records it. A bad credential
 * strikes its secret and the client's address before its refusal is returned. Never throws.
 */
export async function verify(house: House, asked: Asked, back: Background): Promise<Verdict> {
  const startedAtMs = house.edge.clock.nowMs();
  const admission = await judge(house, asked, back);
  const { requestId, method, target, client, micro } = asked;
  const denial = admission.admitted ? null : admission.denial;
  record(
    {
      house,
      requestId,
      method,
      path: target.ok ? target.path : '',
      search: target.ok ? target.search : '',
      given: client?.given ?? null,
      country: null,
      startedAtMs,
      back,
      key: admission.record,
      ticket: admission.admitted ? admission.ticket : null,
    },
    denial === null ? 200 : house.policy.denials[denial.reason].status,
    denial,
    { ...NOTHING, bytes: null, micro: denial === null ? micro : 0 },
  );
  return admission;
}

async function judge({ edge }: House, asked: Asked, back: Background): Promise<Admission> {
  if (!asked.target.ok) return refused(deny('path_refused'));
  const facts = factsOf(asked);
  const { credential } = asked;
  if (credential === null) {
    const locked = facts.source === null ? null : lockDenial(edge, addressSource(facts.source), edge.clock.nowMs());
    return refused(locked ?? deny('missing_credential'));
  }
  if (edge.format.read(credential) === null) return refused(await strikeMalformed(edge, facts.source, back));
  const presented = present(edge, credential);
  return admitWarm(edge, presented, facts, back) ?? (await admit(edge, presented, facts, back));
}

function refused(denial: Denial): Admission {
  return { admitted: false, denial, record: undefined };
}
