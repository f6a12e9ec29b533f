import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { readAll } from './origin.ts';

/*
 * A receiver of webhooks as a customer would have it: a real HTTP server that verifies every request with the library
 * of Standard Webhooks. It can be told to fail in any way.
 */

/** One attempt as it has arrived. What is not in a body that could be read is null. */
export interface Arrival {
  /** The path it was sent to, with its query. */
  readonly path: string;
  /** `webhook-id`. */
  readonly id: string;
  readonly type: string | null;
  readonly sequence: number | null;
  /** The key's id. */
  readonly key: string | null;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  readonly atMs: number;
  /** Whether one of its signatures is by one of the receiver's secrets, and of this time. */
  readonly verified: boolean;
  /** Whether it was answered 2xx. */
  accepted: boolean;
}

/** A status, or more; `hang`: nothing is ever answered; `cut`: the connection is closed. */
export type Reply = number | 'hang' | 'cut' | Answer;

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether more of the body seems to follow, for ever. */
  readonly isEndless?: boolean;
}

export interface Receiver {
  readonly url: string;
  /** Each of them signs; deliveries that none of them has signed are collected as not verified. */
  readonly secrets: string[];
  /** Every attempt, in the order of arrival. */
  readonly arrivals: Arrival[];
  /** What answers; 204 unless set. It may look at the attempts before this one. */
  answer: (arrival: Arrival) => Reply | Promise<Reply>;
  /** How far the senders' clock is ahead of this machine's. */
  movedMs: number;
  /** Waits until it holds of the arrivals; throws after `forMs`, and says what has arrived. */
  until(holds: (arrivals: readonly Arrival[]) => boolean, forMs?: number): Promise<void>;
  /** Nobody listens any more, until it comes back at the same address. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

const WAIT_MS = 60_000;

/** A secret as endpoints have them: `whsec_` and 32 random bytes. */
export function newSecret(): string {
  return `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`;
}

/** The first arrival of each event, in order: what remains when a receiver has taken out what it had before. */
export function firstOfEach(arrivals: readonly Arrival[]): Arrival[] {
  return [...Map.groupBy(arrivals, ({ id }) => id).values()].flatMap(([first]) => (first === undefined ? [] : [first]));
}

/** Starts a receiver on a free port of this machine. */
export async function startReceiver(...secrets: string[]): Promise<Receiver> {
  let server = open();
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const waiting = new Set<() => void>();
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/`,
    secrets,
    arrivals: [],
    answer: () => 204,
    movedMs: 0,
    until(holds, forMs = WAIT_MS) {
      return new Promise((resolve, reject) => {
        const end = (then: () => void) => {
          clearTimeout(timer);
          waiting.delete(check);
          then();
        };
        const check = () => {
          if (holds(receiver.arrivals)) end(resolve);
        };
        const seen = () => receiver.arrivals.map(({ type, key, sequence }) => `${type} ${key} ${sequence}`).join(', ');
        const timer = setTimeout(() => end(() => reject(new Error(`waited in vain; arrived: ${seen()}`))), forMs);
        waiting.add(check);
        check();
      });
    },
    leave: () => close(server),
    async comeBack() {
      server = open();
      await listen(server, port);
    },
    stop: () => close(server),
  };
  return receiver;

  function look(): void {
    for (const each of [...waiting]) each();
  }

  function open(): Server {
    const made = createServer(async (request, response) => {
      const body = await readAll(request).catch(() => null);
      if (body === null) return;
      const arrival = arrivalOf(request.url ?? '', request.headers, body);
      receiver.arrivals.push(arrival);
      const answering = receiver.answer(arrival);
      look();
      const reply = await answering;
      arrival.accepted = send(response, reply);
      look();
    });
    made.keepAliveTimeout = 0;
    return made;
  }

  function arrivalOf(path: string, headers: IncomingHttpHeaders, body: string): Arrival {
    const event = readEvent(body);
    return {
      path,
      id: String(headers['webhook-id']),
      type: event?.type ?? null,
      sequence: event?.sequence ?? null,
      key: event?.data?.key?.id ?? null,
      body,
      headers,
      atMs: Date.now(),
      verified: receiver.secrets.some((secret) => isSigned(body, headers, secret, receiver.movedMs)),
      accepted: false,
    };
  }
}

interface ReadEvent {
  readonly type?: string;
  readonly sequence?: number | null;
  readonly data?: { readonly key?: { readonly id?: string } };
}

function readEvent(body: string): ReadEvent | null {
  try {
    return JSON.parse(body) as ReadEvent;
  } catch {
    return null;
  }
}

/** The library reads this machine's clock, which must be where the senders' is. */
function isSigned(body: string, headers: IncomingHttpHeaders, secret: string, movedMs: number): boolean {
  const now = Date.now;
  Date.now = () => now() + movedMs;
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  } finally {
    Date.now = now;
  }
}

/** Answers. Returns whether that accepts the delivery. */
function send(response: ServerResponse, reply: Reply): boolean {
  if (reply === 'hang') return false;
  if (reply === 'cut') {
    response.destroy();
    return false;
  }
  const answer: Answer = typeof reply === 'number' ? { status: reply } : reply;
  const { status, headers = {}, body = '', isEndless = false } = answer;
  response.writeHead(status, headers);
  if (isEndless) response.write(body);
  else response.end(body);
  return status >= 200 && status < 300;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
