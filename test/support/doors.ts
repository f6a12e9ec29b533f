import type { Cluster, IssuedKey, Send } from './cluster.ts';
import { type Reply, read } from './reply.ts';

/* How services ask at the doors. Theirs is the address 198.51.100.20, of no client. */

export const SERVICE_ADDRESS = '198.51.100.20';
export const VERIFY = '/api/v1/keys/verify';

/** A new service key, of an account of its own. */
export async function serviceKey(cluster: Cluster, fields: Record<string, unknown> = {}): Promise<IssuedKey> {
  return cluster.issue(await cluster.account('Service'), { role: 'service', ...fields });
}

/** Asks `POST /api/v1/keys/verify`. */
export function verify(
  cluster: Cluster,
  service: string,
  question: unknown,
  isolate = 0,
  address = SERVICE_ADDRESS,
): Promise<Reply> {
  const headers = { authorization: `Bearer ${service}`, 'content-type': 'application/json' };
  const body = typeof question === 'string' ? question : JSON.stringify(question);
  return read(cluster.send(VERIFY, { method: 'POST', headers, body, address }, isolate));
}

/** What a client sends to a proxy that asks at a door. */
export interface ClientCall {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly address?: string;
}

/** Asks `/authz/nginx` as the configuration of the page on doors does. */
export function askNginx(cluster: Cluster, service: string, call: ClientCall, isolate = 0): Promise<Reply> {
  const { method = 'GET', path = '/v1/models', headers = {}, address = '192.0.2.1' } = call;
  const send: Send = {
    headers: {
      ...headers,
      'x-keystile-service-key': service,
      'x-original-method': method,
      'x-original-uri': path,
      'x-real-ip': address,
    },
    address: SERVICE_ADDRESS,
  };
  return read(cluster.send('/authz/nginx', send, isolate));
}

/**
 * Asks `/authz/envoy` as Envoy's HTTP client of ext_authz does: the client's method, its path behind the prefix, of its
 * headers those that are allowed, `Content-Length: 0`, and what `headers_to_add` says.
 */
export function askEnvoy(cluster: Cluster, service: string, call: ClientCall, isolate = 0): Promise<Reply> {
  const { method = 'GET', path = '/v1/models', headers = {}, address = '192.0.2.1' } = call;
  const send: Send = {
    method,
    headers: { ...headers, 'x-keystile-service-key': service, 'x-real-ip': address },
    address: SERVICE_ADDRESS,
  };
  return read(cluster.send(`/authz/envoy${path}`, send, isolate));
}
