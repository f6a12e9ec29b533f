import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Who publishes keys over HTTP, and can fail to. */
export interface Publisher {
  /** The origin of its URLs. */
  readonly url: string;
  /** How often the keys were asked for, answered or not. */
  readonly requests: number;
  /** Answers what asks for the keys by something else: without an argument by cutting the connection. */
  stopServing(answer?: RequestListener): void;
  serveAgain(): void;
  close(): Promise<void>;
}

/** Publishes on a free port what `publish` answers, at `path` alone. */
export async function startPublisher(path: string, publish: RequestListener): Promise<Publisher> {
  let requests = 0;
  let answer = publish;
  const server = createServer((request, response) => {
    if (request.url !== path) return response.writeHead(404).end();
    requests++;
    return answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    stopServing(instead = (request) => request.socket.destroy()) {
      answer = instead;
    },
    serveAgain() {
      answer = publish;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
