import { findCredential } from '../credential/parse.ts';
import { addressKey, normaliseAddress } from '../decision/address.ts';
import { type Denial, deny } from '../decision/denial.ts';
import { type PriceFacts, reservation as reservationOf } from '../decision/price.ts';
import type { KeyRecord } from '../decision/record.ts';
import { renderDenial } from '../decision/respond.ts';
import { serverTiming } from '../decision/server-timing.ts';
import type { House } from '../env.ts';
import { type AdmitFacts, admit, admitWarm, mayContinue, present, type Ticket } from './admit.ts';
import type { Background } from './ask.ts';
import { corsPreflight, writeCors } from './cors.ts';
import { type ForwardCall, type Forwarded, forward } from './forward.ts';
import type { HeaderRecord } from './headers.ts';
import { graceHeaders, identityOf, limitHeaders } from './identity.ts';
import { NOTHING } from './measure.ts';
import { normalisePath } from './path.ts';
import { takePublic } from './rates.ts';
import { record } from './recording.ts';
import { type CompiledRoute, matchRoute } from './routes.ts';
import { addressSource, lockDenial, strikeMalformed } from './strike.ts';
import { readRequest } from './usage-request.ts';

const NO_HEADERS: HeaderRecord = {};
const utf8 = new TextEncoder();
/** Of the body of a request that is not looked at. */
const NOTHING_KNOWN: PriceFacts = { maxTokens: null, promptBytes: 0, model: null };

/** The client's address; the edge sets it, and a caller over a service binding names the client it acts for. */
export const ADDRESS_HEADER = 'cf-connecting-ip';
/** ISO 3166-1; the edge sets it. */
const COUNTRY_HEADER = 'cf-ipcountry';

/**
 * A request on its way, as far as it has been read. What the runtime hands out through getters is read once: each is
 * a call out of JavaScript.
 */
interface Passage {
  readonly house: House;
  readonly request: Request;
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** The client's address as it was given. */
  readonly given: string | null;
  readonly country: string | null;
  readonly requestId: string;
  readonly startedAtMs: number;
  readonly back: Background;
  path: string;
  search: string;
  key: KeyRecord | undefined;
  ticket: Ticket | null;
  /** What answers and refusals alike tell of the key: its limits, and the end of a secret that was replaced. */
  told: HeaderRecord;
}

/** Its facts: of a request that is forwarded all are known. */
interface Facts extends AdmitFacts {
  readonly address: string;
  readonly source: string;
}

/** The way of a request through the gateway (DESIGN §2): parse, look up, decide, admit, forward, record. */
export async function handle(house: House, request: Request, ctx: ExecutionContext): Promise<Response> {
  const { headers } = request;
  const passage: Passage = {
    house,
    request,
    method: request.method,
    url: request.url,
    headers,
    given: headers.get(ADDRESS_HEADER),
    requestId: crypto.randomUUID(),
    startedAtMs: house.edge.clock.nowMs(),
    back: { waitUntil: (work) => ctx.waitUntil(work), alert: house.logger.alert },
    country: headers.get(COUNTRY_HEADER),
    path: '',
    search: '',
    key: undefined,
    ticket: null,
    told: NO_HEADERS,
  };
  const preflight = house.cors === null ? null : corsPreflight(house.cors, request);
  if (preflight !== null) {
    preflight.headers.set('x-request-id', passage.requestId);
    record(passage, preflight.status, null, NOTHING);
    return preflight;
  }
  const answer = await pass(passage);
  if (answer.kind === 'denial') return refuse(passage, answer.denial);
  record(passage, answer.response.status, null, answer.measured ?? NOTHING);
  return answer.response;
}

async function pass(passage: Passage): Promise<Forwarded> {
  const { house, method, given } = passage;
  const target = normalisePath(passage.url);
  if (!target.ok) return refused('path_refused');
  passage.path = target.path;
  passage.search = target.search;
  const route = matchRoute(house.routes, method, target.path);
  if (route === null) return refused('route_unknown');
  const source = given === null ? null : addressKey(given);
  const address = given === null ? null : normaliseAddress(given);
  if (source === null || address === null) return refused('address_missing');
  const facts = { method, path: target.path, address, source, reservation: 0 };
  return route.isPublic ? passPublic(passage, route, facts) : passWithKey(passage, route, facts);
}

/** A route without keys: the address must not be locked, and is counted. */
async function passPublic(passage: Passage, route: CompiledRoute, facts: Facts): Promise<Forwarded> {
  const denial = await takePublic(passage.house.edge, facts.source, route.publicRatePerMinute, passage.back);
  if (denial !== null) return { kind: 'denial', denial };
  return send(passage, route, facts, NO_HEADERS, {
    body: passage.request.body,
    assertion: null,
    watch: null,
    metering: null,
  });
}

async function passWithKey(passage: Passage, route: CompiledRoute, facts: Facts): Promise<Forwarded> {
  const { house, back, request, headers } = passage;
  const { edge, policy } = house;
  const credential = findCredential(passage.headers, policy.credential.places);
  if (credential.kind === 'none') {
    const locked = lockDenial(edge, addressSource(facts.source), edge.clock.nowMs());
    return locked === null ? refused('missing_credential') : { kind: 'denial', denial: locked };
  }
  if (edge.format.read(credential.text) === null) {
    return { kind: 'denial', denial: await strikeMalformed(edge, facts.source, back) };
  }
  const presented = present(edge, credential.text);
  const { price } = route;
  // A locked source is not heard out.
  const locked = price.from === 'usage' ? lockDenial(edge, addressSource(facts.source), edge.clock.nowMs()) : null;
  if (locked !== null) return { kind: 'denial', denial: locked };
  const asked =
    price.from === 'usage'
      ? await readRequest(request.body, headers, price.includeUsage).catch(() => 'broken' as const)
      : null;
  if (asked === 'broken') return refused('request_invalid');
  const reservation = reservationOf(price, asked ?? NOTHING_KNOWN);
  const paid = { ...facts, reservation };
  const admission = admitWarm(edge, presented, paid, back) ?? (await admit(edge, presented, paid, back));
  const { record: key } = admission;
  if (key !== undefined) {
    passage.key = key;
    const limits = limitHeaders(edge, key);
    passage.told = key.replacedAtMs === null ? limits : { ...limits, ...graceHeaders(key) };
  }
  if (!admission.admitted) return { kind: 'denial', denial: admission.denial };
  passage.ticket = admission.ticket;
  const { assertions } = house;
  return send(passage, route, facts, identityOf(admission.record), {
    body: asked === null ? request.body : asked.body,
    assertion: assertions === null ? null : (audience) => assertions.of(admission.record, audience, back.waitUntil),
    watch: { reauthorize: () => mayContinue(edge, presented, paid, back), everyMs: policy.reauthorize_every },
    metering: { price, reservation, strip: asked?.injected === true, waitUntil: back.waitUntil },
  });
}

function send(
  passage: Passage,
  route: CompiledRoute,
  facts: Facts,
  identity: HeaderRecord,
  how: Pick<ForwardCall, 'body' | 'assertion' | 'watch' | 'metering'>,
): Promise<Forwarded> {
  const { house, method, url, headers, requestId, path, search } = passage;
  return forward({
    ...how,
    method,
    url,
    headers,
    path,
    search,
    route,
    places: house.policy.credential.places,
    identity: { ...identity, 'x-request-id': requestId },
    clientAddress: facts.address,
    answerHeaders: { ...passage.told, 'x-request-id': requestId },
    cors: house.cors,
    nowMs: house.edge.clock.nowMs,
    counters: house.edge.counters,
    timedFromMs: house.policy.server_timing ? passage.startedAtMs : null,
    alert: passage.back.alert,
  });
}

function refused(reason: Denial['reason']): Forwarded {
  return { kind: 'denial', denial: deny(reason) };
}

function refuse(passage: Passage, denial: Denial): Response {
  const { house, headers: sent, requestId, told, startedAtMs } = passage;
  const { status, headers, body } = renderDenial(house.policy, denial, requestId);
  const response = new Response(body, { status, headers: { ...headers, ...told } });
  if (house.policy.server_timing) {
    const admissionMs = house.edge.clock.nowMs() - startedAtMs;
    response.headers.set('server-timing', serverTiming({ admissionMs, originMs: null }));
  }
  if (house.cors !== null) writeCors(house.cors, sent.get('origin'), response.headers);
  record(passage, status, denial, { ...NOTHING, bytes: utf8.encode(body).byteLength });
  return response;
}
