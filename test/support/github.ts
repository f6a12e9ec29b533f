import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Cluster } from './cluster.ts';
import { type Publisher, startPublisher } from './published.ts';
import { type Reply, read } from './reply.ts';

/* GitHub's secret scanning: it signs reports by P-256 keys of its own, and publishes them over HTTP as GitHub does. */

/** An entry of a report. */
export interface Sighting {
  readonly token: string;
  readonly type?: string;
  readonly url?: string | null;
  readonly source?: string;
}

/** How a report is sent. */
export interface Sent {
  readonly isolate?: number;
  /** null: none. */
  readonly address?: string | null;
  /** Over those of the signature; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** In place of the body that was signed. */
  readonly body?: string;
  readonly path?: string;
  readonly signal?: AbortSignal;
}

export interface Github extends Publisher {
  readonly keysUrl: string;
  /** The headers of a signed body. */
  sign(body: string): Record<string, string>;
  /** Signs a report and sends it. */
  report(cluster: Cluster, report: unknown, sent?: Sent): Promise<Reply>;
  /** Signs by a new key from now on, beside which the older ones are published or not. */
  rotate(keepOlder?: boolean): void;
}

export const KEY_HEADER = 'github-public-key-identifier';
export const SIGNATURE_HEADER = 'github-public-key-signature';
/** From where GitHub reports, unless a test says otherwise. */
const ADDRESS = '192.0.2.200';
/** Where it publishes its keys. */
const PUBLISHED = '/meta/public_keys/secret_scanning';

/** A key that signs as GitHub's do, and its entry in the list of published keys. */
export function newReporterKey(): { privateKey: KeyObject; published: Record<string, unknown> } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const identifier = createHash('sha256').update(key).digest('hex');
  return { privateKey, published: { key_identifier: identifier, key, is_current: true } };
}

/** Starts a reporter on a free port. */
export async function startGithub(): Promise<Github> {
  let signer = newReporterKey();
  let published = [signer.published];
  const publisher = await startPublisher(PUBLISHED, (request, response) => {
    // As GitHub does with who does not say what it is.
    if (request.headers['user-agent'] === undefined) return response.writeHead(403).end();
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ public_keys: published }));
  });
  const headersOf = (body: string) => ({
    'content-type': 'application/json',
    [KEY_HEADER]: String(signer.published.key_identifier),
    [SIGNATURE_HEADER]: sign('sha256', Buffer.from(body), signer.privateKey).toString('base64'),
  });
  const own: Omit<Github, keyof Publisher> = {
    keysUrl: publisher.url + PUBLISHED,
    sign: headersOf,
    report(cluster, report, { isolate = 0, address = ADDRESS, headers = {}, path = '/leaks/github', ...init } = {}) {
      const text = typeof report === 'string' ? report : JSON.stringify(report);
      const all = Object.entries({ ...headersOf(text), ...headers }).filter(([, value]) => value !== null);
      const send = { method: 'POST', body: text, ...init, headers: Object.fromEntries(all) as Record<string, string> };
      return read(cluster.send(path, { ...send, address }, isolate));
    },
    rotate(keepOlder = true) {
      signer = newReporterKey();
      const older = keepOlder ? published.map((each) => ({ ...each, is_current: false })) : [];
      published = [...older, signer.published];
    },
  };
  return Object.assign(publisher, own);
}

/** A sighting as GitHub writes it. */
export function seen(token: string, more: Omit<Sighting, 'token'> = {}): Sighting {
  const url = 'https://github.com/octocat/hello-world/blob/12345600b9cbe38a219f39a9941c9319b600c002/foo/bar.txt';
  return { token, type: 'keystile_api_key', url, source: 'content', ...more };
}

/** What a report is answered: each token by its hash. */
export function verdict(token: string, isKey: boolean, type = 'keystile_api_key') {
  return {
    token_hash: createHash('sha256').update(token).digest('hex'),
    token_type: type,
    label: isKey ? 'true_positive' : 'false_positive',
  };
}
