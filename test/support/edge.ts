import { createServer, type RequestListener, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What stands between clients of their own and a gateway: it tells the gateway the client's address, as Cloudflare's
 * edge does.
 */
export interface Edge {
  readonly url: string;
  /** `METHOD /path` of whatever has passed. */
  readonly passed: string[];
  /** The gateway behind it; null: connections are cut. */
  target: string | null;
  /** Answers in place of the gateway where it is set; `pass` goes on to it. */
  instead: ((...call: [...Parameters<RequestListener>, pass: () => void]) => void) | null;
  stop(): Promise<void>;
}

/** Starts an edge on a free port, in front of a gateway. Clients come from 192.0.2.9. */
export async function startEdge(url: string): Promise<Edge> {
  const passed: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const pass = () => {
      if (edge.target === null) return void incoming.socket.destroy();
      passed.push(`${incoming.method} ${incoming.url}`);
      const headers = { ...incoming.headers, 'cf-connecting-ip': '192.0.2.9' };
      const onward = send(`${edge.target}${incoming.url}`, { method: incoming.method ?? 'GET', headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => incoming.socket.destroy());
      return void incoming.pipe(onward);
    };
    if (edge.instead !== null) return edge.instead(incoming, outgoing, pass);
    return pass();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const edge: Edge = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    target: url,
    instead: null,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return edge;
}
