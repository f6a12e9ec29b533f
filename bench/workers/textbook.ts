import { DurableObject } from 'cloudflare:workers';

/** What the textbook build is bound to. */
export interface Env {
  readonly ORIGIN: string;
  readonly DB: D1Database;
  readonly COUNTER: DurableObjectNamespace<Counter>;
}

interface KeyRow {
  readonly id: string;
  readonly status: string;
  readonly rate_per_minute: number;
}

const MINUTE_MS = 60_000;

/** Counts one key's requests of the current minute, durably. */
export class Counter extends DurableObject {
  async take(limit: number): Promise<boolean> {
    const minute = Math.floor(Date.now() / MINUTE_MS);
    const kept = await this.ctx.storage.get<{ minute: number; count: number }>('window');
    const count = kept?.minute === minute ? kept.count : 0;
    if (count >= limit) return false;
    await this.ctx.storage.put('window', { minute, count: count + 1 });
    return true;
  }
}

/** Called when a request has its answer. */
type Note = (env: Env, keyId: string, status: number, startedAtMs: number) => Promise<unknown>;

/** (e) The same checks as a textbook builds them: one read of the database and one call of a counting object each. */
export function buildTextbook(note: Note | null) {
  return {
    async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
      const startedAtMs = Date.now();
      const secret = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
      if (secret === undefined) return new Response(null, { status: 401 });
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
      const key = await env.DB.prepare('SELECT id, status, rate_per_minute FROM keys WHERE digest = ?')
        .bind(hex(digest))
        .first<KeyRow>();
      if (key?.status !== 'active') return new Response(null, { status: 401 });
      const counter = env.COUNTER.get(env.COUNTER.idFromName(key.id));
      if (!(await counter.take(key.rate_per_minute))) return new Response(null, { status: 429 });
      const { pathname, search } = new URL(request.url);
      const forwarded = new Request(env.ORIGIN + pathname + search, request);
      forwarded.headers.delete('authorization');
      forwarded.headers.set('x-key-id', key.id);
      const answer = await fetch(forwarded);
      if (note !== null) ctx.waitUntil(note(env, key.id, answer.status, startedAtMs));
      return answer;
    },
  };
}

export default buildTextbook(null);

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
