import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { show, spread } from './report.ts';
import { startVariant } from './variants.ts';

/*
 * What reading the usage costs a streamed answer: the time to its first and to its last byte on three routes of one
 * Worker, which differ in nothing but their cost. All answers are OpenAI-style server-sent events of one origin.
 */

const ROUNDS = 20;
/** Requests of each route in a round. */
const REQUESTS = 40;
const CONNECTIONS = 2;
/** Enough that the runtime has compiled what they run. */
const WARM_REQUESTS = 1_000;
const WARM_CONNECTIONS = 16;
const FIRST_EVENT_MS = 5;
const EVENTS = 50;
const PAUSE_MS = 1;
/** Of the time to the first byte, metered by pass-through. */
const GOAL = 1.02;
/** Between two requests of a connection up to this, at random, so that none falls in step with the origin's timers. */
const GAP_MS = 3;

const ROUTE_IDS = ['pass', 'usage', 'strip'] as const;
type RouteId = (typeof ROUTE_IDS)[number];

/** What each route is. */
const ROUTES: Readonly<Record<RouteId, string>> = {
  pass: 'pass-through: a fixed cost',
  usage: 'usage read',
  strip: 'usage asked for, read and taken out',
};

/** One answer, in ms from the moment before its request was sent. */
interface Times {
  readonly first: number;
  readonly last: number;
  /** To the first byte without the time that the origin took for it: what the gateway and both connections took. */
  readonly own: number;
}

/** Medians of a round by route. */
type StreamRound = Readonly<Record<RouteId, Times>>;

/** What the origin took from the request's last byte to the answer's first, in ms. */
const TOOK_HEADER = 'x-origin-ms';
const USAGE = '"usage":{"prompt_tokens":11,"completion_tokens":50,"total_tokens":61}';
const ASKS = '"stream_options":{"include_usage":true}';
const BODY = `{"model":"demo","stream":true,"max_tokens":50,${ASKS},"messages":[{"role":"user","content":"${'Tell me. '.repeat(30)}"}]}`;
const UNASKING_BODY = BODY.replace(`${ASKS},`, '');

/** Measures all routes in rounds, in each of them all mixed at random, so that what else the machine does falls on all. */
export async function measureStreams(): Promise<StreamRound[]> {
  const origin = createServer({ keepAliveTimeout: 300_000 }, answer).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  const originUrl = `http://127.0.0.1:${port}`;
  const to = { origins: [{ url: originUrl }] };
  const cost = {
    from: 'usage',
    models: { demo: { prompt: 1_000_000, completion: 3_000_000 } },
    max_micro: 1_000,
  };
  const upstreams = [
    { name: 'pass', path: '/pass/**', ...to, cost: { from: 'fixed', micro: 0 } },
    { name: 'usage', path: '/usage/**', ...to, cost },
    { name: 'strip', path: '/strip/**', ...to, cost: { ...cost, include_usage: true } },
  ];
  // Admission is the same on all routes: what is spent is counted, and nothing is set aside.
  const policy = { upstreams, plans: { standard: { prepaid: false } } };
  const variant = await startVariant({ id: 'c', originUrl, counted: false, inspected: false, policy });
  const agent = new Agent({ keepAlive: true, maxSockets: WARM_CONNECTIONS });
  const target = { ...variant, agent };
  try {
    await sendAll(target, WARM_REQUESTS, WARM_CONNECTIONS);
    const rounds: StreamRound[] = [];
    while (rounds.length < ROUNDS) rounds.push(medians(await sendAll(target, REQUESTS, CONNECTIONS)));
    return rounds;
  } finally {
    agent.destroy();
    await variant.stop();
    origin.closeAllConnections();
  }
}

/** The medians of each route, its ratios to pass-through of the same round, and the verdict, as Markdown. */
export function streamTable(rounds: readonly StreamRound[]): string {
  const over = (read: (round: StreamRound) => number) => spread(rounds.map(read));
  const ratio = (id: RouteId, what: keyof Times) => over((round) => round[id][what] / round.pass[what]);
  const head = ['', 'first byte ms', 'of pass-through', 'more ms', 'last byte ms', 'of pass-through'];
  const rows = ROUTE_IDS.map((id) => [
    ROUTES[id],
    show(
      over((round) => round[id].first),
      2,
    ),
    show(ratio(id, 'first'), 3),
    show(
      over((round) => round[id].own - round.pass.own),
      2,
    ),
    show(
      over((round) => round[id].last),
      1,
    ),
    show(ratio(id, 'last'), 3),
  ]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const verdicts = ROUTE_IDS.filter((id) => id !== 'pass').map((id) => {
    const reached = ratio(id, 'first').median;
    return `${ROUTES[id]}: first byte at most ${GOAL} of pass-through: ${reached.toFixed(3)}, ${reached <= GOAL ? 'met' : 'missed'}`;
  });
  const conditions = `${rounds.length} rounds of ${REQUESTS} streamed answers per route, ${CONNECTIONS} at a time; the origin's first event after ${FIRST_EVENT_MS} ms, then ${EVENTS} ${PAUSE_MS} ms apart. Medians of the rounds' medians, quartiles in brackets.`;
  return [...lines, '', conditions, ...verdicts].join('\n');
}

/** Headers and first event leave together, so that all that the gateway does with both is in the way of the first byte. */
async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of incoming) body += chunk;
  const arrivedMs = performance.now();
  await sleep(FIRST_EVENT_MS);
  const tookMs = performance.now() - arrivedMs;
  response.writeHead(200, { 'content-type': 'text/event-stream', [TOOK_HEADER]: tookMs.toFixed(4) });
  const chunk = (rest: string) => `data: {"id":"c-1","object":"chat.completion.chunk","model":"demo",${rest}}\n\n`;
  for (let i = 0; i < EVENTS; i++) {
    response.write(chunk(`"choices":[{"index":0,"delta":{"content":" word ${i}"},"finish_reason":null}]`));
    await sleep(PAUSE_MS);
  }
  if (body.includes(ASKS)) response.write(chunk(`"choices":[],${USAGE}`));
  response.end('data: [DONE]\n\n');
}

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
}

/** Sends so many requests of each route, in random order, over all connections: on each the next after the last. */
async function sendAll(target: Target, requests: number, connections: number): Promise<Record<RouteId, Times[]>> {
  const times: Record<RouteId, Times[]> = { pass: [], usage: [], strip: [] };
  const queue = shuffled(ROUTE_IDS.flatMap((id) => Array<RouteId>(requests).fill(id)));
  const connection = async () => {
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      await sleep(Math.random() * GAP_MS);
      times[id].push(await send(target, id));
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return times;
}

/** Sends one request; its answer must have the usage chunk if and only if the client asks for it. */
async function send({ url, headers, agent }: Target, id: RouteId): Promise<Times> {
  const body = id === 'strip' ? UNASKING_BODY : BODY;
  const outgoing = request(new URL(`/${id}/v1/chat/completions`, url).href, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'content-length': body.length },
    agent,
  });
  const startMs = performance.now();
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  let firstMs = 0;
  let text = '';
  for await (const chunk of incoming) {
    if (firstMs === 0) firstMs = performance.now();
    text += chunk;
  }
  const first = firstMs - startMs;
  const last = performance.now() - startMs;
  const hasUsage = text.includes(USAGE);
  if (!text.endsWith('data: [DONE]\n\n') || hasUsage !== (id !== 'strip')) {
    throw new Error(`${ROUTES[id]}: answered ${incoming.statusCode} ${text.slice(-200)}`);
  }
  return { first, last, own: first - Number(incoming.headers[TOOK_HEADER]) };
}

function medians(times: Readonly<Record<RouteId, readonly Times[]>>): StreamRound {
  const of = (id: RouteId, what: keyof Times) => spread(times[id].map((each) => each[what])).median;
  const ofRoute = (id: RouteId): Times => ({ first: of(id, 'first'), last: of(id, 'last'), own: of(id, 'own') });
  return { pass: ofRoute('pass'), usage: ofRoute('usage'), strip: ofRoute('strip') };
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((each) => ({ each, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each);
}
