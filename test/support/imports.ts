import { createHash } from 'node:crypto';
import { ADMIN_TOKEN, type Cluster } from './cluster.ts';
import { type Reply, read } from './reply.ts';

/* Keys of an older system, and how they are brought in. */

export const NDJSON = 'application/x-ndjson';

/** Formats of three systems: with a prefix, without one, and of almost any characters. */
export const FORMATS = [
  { name: 'old', prefix: 'old_', charset: 'hex', min_length: 40, max_length: 40, environment: 'live' },
  { name: 'bare', prefix: '', charset: 'base62', min_length: 28, max_length: 30, environment: 'dev' },
  { name: 'odd', prefix: '!', charset: 'printable', min_length: 20, max_length: 64, environment: 'test' },
] as const;

let made = 0;
const hash = (text: string) => createHash('sha256').update(text).digest();

/** A secret of the format `old` that nobody has. */
export const oldSecret = (): string => `old_${hash(`old ${++made}`).toString('hex').slice(0, 40)}`;
/** The same of the format `bare`. */
export const bareSecret = (): string =>
  hash(`bare ${++made}`)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, 'x')
    .slice(0, 28);
/** The same of the format `odd`. */
export const oddSecret = (): string => `!${hash(`odd ${++made}`).toString('base64')}"\\}`;

/** SHA-256 of a secret in all ways in which a line may say it. */
export function hashesOf(secret: string): Record<'hex' | 'HEX' | 'base64' | 'base64 bare' | 'base64url', string> {
  const bytes = hash(secret);
  const base64 = bytes.toString('base64');
  return {
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    base64,
    'base64 bare': base64.replace('=', ''),
    base64url: bytes.toString('base64url'),
  };
}

/** Where a chunk is sent, and how. */
export interface Sent {
  readonly import?: string;
  readonly chunk?: number | string;
  readonly isolate?: number;
  readonly token?: string;
  readonly type?: string;
}

/** Sends a body as a chunk: lines as objects, or text or bytes as they are. */
export function importInto(
  cluster: Cluster,
  body: readonly object[] | string | Uint8Array,
  { import: id = 'move', chunk = 1, isolate = 0, token = ADMIN_TOKEN, type = NDJSON }: Sent = {},
): Promise<Reply> {
  const sent =
    typeof body === 'string' || body instanceof Uint8Array ? body : body.map((line) => JSON.stringify(line)).join('\n');
  const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'cf-connecting-ip': '198.51.100.7' };
  const url = `${cluster.urls[isolate]}/admin/v1/imports?import=${id}&chunk=${chunk}`;
  return read(fetch(url, { method: 'POST', headers, body: sent as string }));
}

/** The status of each line, or its code where it has one. */
export function fatesOf({ body, text, status }: Reply): (string | undefined)[] {
  if (status !== 200) throw new Error(`${status} ${text}`);
  return (body.results as { status: string; code?: string }[]).map(({ status, code }) => code ?? status);
}
