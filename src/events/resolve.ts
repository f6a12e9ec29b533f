import * as z from 'zod';
import { readBytes } from './bytes.ts';
import { addressOf, checkTarget, isPublic, type TargetRules } from './target.ts';

/*
 * What DNS says of an endpoint's name, asked by HTTPS (RFC 8484) with JSON answers, as public resolvers give them. The
 * addresses of a chain of aliases stand in one answer; every one of them must be public, for `fetch` may take any.
 */

/** How long the resolver may take. */
const TIMEOUT_MS = 3_000;
/** The largest answer that is read. */
const ANSWER_BYTES = 65_536;

/** Types of records (RFC 1035, 3596). */
const A = 1;
const AAAA = 28;
/** Codes of answers (RFC 1035, 4.1.1): what was asked is answered, and the name does not exist. */
const NOERROR = 0;
const NXDOMAIN = 3;

const answer = z.object({
  Status: z.int(),
  /** Cut off: there may be more addresses. */
  TC: z.boolean().optional(),
  Answer: z.array(z.object({ type: z.int(), data: z.string() })).optional(),
});

const NO_ADDRESS = 'its host has no address in DNS: expected a name that resolves';
const NOT_PUBLIC = 'its host has an address that is not public: expected a host with public addresses alone';
/** The one problem that is none of the URL's. */
export const UNRESOLVED = 'its host could not be resolved just now: try again';

/**
 * What is wrong with the URL of an endpoint, now that its name is looked up too, and what to do; null: nothing is. A
 * resolver that cannot say is a problem as well. With `allow_local` none is asked.
 */
export async function resolveTarget(url: string, rules: TargetRules, signal?: AbortSignal): Promise<string | null> {
  const problem = checkTarget(url, rules);
  if (problem !== null || rules.allow_local) return problem;
  const { hostname } = new URL(url);
  if (addressOf(hostname) !== null) return null;
  const late = AbortSignal.timeout(TIMEOUT_MS);
  const until = signal === undefined ? late : AbortSignal.any([signal, late]);
  const addresses: string[] = [];
  // One after the other: an attempt has one connection at a time, of the six that a Worker has.
  for (const type of ['A', 'AAAA']) {
    const found = await ask(rules.resolver, hostname, type, until);
    if (found === null) return UNRESOLVED;
    if (!found.every(isPublic)) return NOT_PUBLIC;
    addresses.push(...found);
  }
  return addresses.length === 0 ? NO_ADDRESS : null;
}

/** The addresses that a name has, of one type or any; null where the resolver does not say. */
async function ask(resolver: string, name: string, type: string, signal: AbortSignal): Promise<string[] | null> {
  const url = new URL(resolver);
  url.searchParams.set('name', name);
  url.searchParams.set('type', type);
  try {
    const response = await fetch(url, { headers: { accept: 'application/dns-json' }, redirect: 'manual', signal });
    const bytes = response.status === 200 ? await readBytes(response, ANSWER_BYTES) : null;
    if (bytes === null) {
      // What nobody reads would keep its connection.
      await response.body?.cancel();
      return null;
    }
    const { Status, TC, Answer = [] } = answer.parse(JSON.parse(new TextDecoder().decode(bytes)));
    if (Status === NXDOMAIN) return [];
    if (Status !== NOERROR || TC === true) return null;
    return Answer.filter((record) => record.type === A || record.type === AAAA).map(({ data }) => data);
  } catch {
    return null;
  }
}
