import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the origin received it; `headers` by lower-case name, repeated ones joined. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A real HTTP origin. Without a handler of its own it answers 200 and the request as JSON. */
export interface TestOrigin {
  readonly url: string;
  readonly server: Server;
  /** Every request that has arrived, in order. */
  readonly received: Received[];
  /** What answers from now on, by path; a path that is not listed is echoed. */
  readonly routes: Map<string, RequestListener>;
  readonly stop: () => Promise<void>;
}

export async function startOrigin(): Promise<TestOrigin> {
  const received: Received[] = [];
  const routes = new Map<string, RequestListener>();
  const server = createServer((request, response) => {
    const route = routes.get((request.url ?? '').replace(/\?.*/, ''));
    if (route !== undefined) return route(request, response);
    readAll(request).then((body) => {
      const echo = describe(request, body);
      received.push(echo);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(echo));
    });
    return undefined;
  });
  // It hangs up on nobody who is idle: the gateway may be sending the next request just then, and that would be a 502.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    received,
    routes,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The whole body as text. */
export async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function describe(request: IncomingMessage, body: string): Received {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  return { method: request.method ?? '', url: request.url ?? '', headers, body };
}

/** A URL on this machine where nothing listens. */
export async function deadUrl(): Promise<string> {
  const origin = await startOrigin();
  await origin.stop();
  return origin.url;
}
