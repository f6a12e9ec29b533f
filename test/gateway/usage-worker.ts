import { type Count, relay } from '../../src/gateway/relay.ts';
import { countBytes, type Reading, readUsage } from '../../src/gateway/usage-reader.ts';
import { readRequest } from '../../src/gateway/usage-request.ts';

/** What the client asks for in `test-mode`. */
export type Mode = 'read' | 'strip' | 'count' | 'relay';

/** How long `relay` reads on. */
const READ_ON_MS = 300;

const readings: (Reading | Count)[] = [];

/** Forwards to an origin and reads the answer on its way; `/readings` gives what was read, and forgets it. */
export default {
  async fetch(request: Request, env: { ORIGIN: string }, ctx: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/readings') return Response.json(readings.splice(0));
    const mode = request.headers.get('test-mode') as Mode | null;
    const asked = await readRequest(request.body, request.headers, true);
    const headers = new Headers(request.headers);
    const init: RequestInit = { method: request.method, headers, body: asked.body, encodeResponseBody: 'manual' };
    const answer = await fetch(env.ORIGIN + pathname, init);
    const { body, done } = readAs(mode, answer, asked.injected, (work) => ctx.waitUntil(work));
    const kept = done.then((reading) => readings.push(reading));
    // What is read keeps itself alive.
    if (mode === 'count' || mode === 'relay') ctx.waitUntil(kept);
    return new Response(body, answer);
  },
};

function readAs(mode: Mode | null, answer: Response, injected: boolean, waitUntil: (work: Promise<unknown>) => void) {
  if (answer.body !== null && mode === 'count') return countBytes(answer.body);
  if (answer.body !== null && mode === 'relay') {
    const stage = {
      pass: (chunk: Uint8Array, write: (bytes: Uint8Array) => Promise<void>) => write(chunk),
      end: async () => {},
    };
    return relay(answer.body, stage, { length: null, readOnMs: READ_ON_MS });
  }
  return readUsage(answer, { strip: injected || mode === 'strip', waitUntil });
}
