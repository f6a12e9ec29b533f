import type { RequestListener } from 'node:http';
import { startOrigin } from './origin.ts';

/** What a name has in DNS. `aliases`: the names that it leads to, one after the other, the last of which has the addresses. */
export interface Records {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly aliases?: readonly string[];
}

/** A question as the resolver received it. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
  readonly accept: string;
}

/** A resolver by DNS over HTTPS with JSON answers, as Cloudflare and Google run them, but over HTTP on this machine. */
export interface Doh {
  /** For the policy's `webhooks.resolver`. */
  readonly url: string;
  /** What there is; of other names it says that they do not exist. A listener answers as it likes. */
  readonly names: Map<string, Records | RequestListener>;
  /** Every question, in the order in which they came. */
  readonly asked: DnsQuestion[];
  stop(): Promise<void>;
}

const PATH = '/dns-query';
const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;

/** Starts a resolver on a free port. */
export async function startDoh(): Promise<Doh> {
  const server = await startOrigin();
  const names: Doh['names'] = new Map();
  const asked: DnsQuestion[] = [];
  server.routes.set(PATH, (request, response) => {
    const { searchParams } = new URL(request.url ?? '', server.url);
    const [name, type] = [searchParams.get('name') ?? '', searchParams.get('type') ?? ''];
    asked.push({ name, type, accept: request.headers.accept ?? '' });
    const records = names.get(name);
    if (typeof records === 'function') return records(request, response);
    return response
      .setHeader('content-type', 'application/dns-json')
      .end(JSON.stringify(answerOf(name, type, records)));
  });
  return { url: server.url + PATH, names, asked, stop: server.stop };
}

/** An answer of RFC 1035 as JSON. */
function answerOf(name: string, type: string, records: Records | undefined) {
  const { aliases = [] } = records ?? {};
  const chain = [name, ...aliases];
  const found = type === 'A' || type === 'AAAA' ? (records?.[type] ?? []) : [];
  const Answer = [
    ...aliases.map((alias, i) => ({ name: chain[i], type: TYPES.CNAME, TTL: 60, data: `${alias}.` })),
    ...found.map((data) => ({ name: chain.at(-1), type: TYPES[type as 'A' | 'AAAA'], TTL: 60, data })),
  ];
  return {
    ...{ Status: records === undefined ? 3 : 0, TC: false, RD: true, RA: true, AD: false, CD: false },
    Question: [{ name, type: TYPES[type as 'A' | 'AAAA'] }],
    ...(Answer.length > 0 && { Answer }),
  };
}
