import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Kept {
  readonly payload: AdapterPayload;
  readonly endsAtMs: number;
}

/** A memory for the provider, which ends with the process; what is over is dropped whenever something comes in. */
export function memoryStore(): AdapterFactory {
  const kept = new Map<string, Kept>();
  const first = (matches: (payload: AdapterPayload) => boolean, model: string) => {
    for (const [key, { payload, endsAtMs }] of kept) {
      if (key.startsWith(`${model}:`) && endsAtMs > Date.now() && matches(payload)) return payload;
    }
    return undefined;
  };
  return (model): Adapter => ({
    async upsert(id, payload, expiresInSeconds = Number.POSITIVE_INFINITY) {
      for (const [key, { endsAtMs }] of kept) if (endsAtMs <= Date.now()) kept.delete(key);
      kept.set(`${model}:${id}`, { payload, endsAtMs: Date.now() + expiresInSeconds * 1_000 });
    },
    async find(id) {
      const found = kept.get(`${model}:${id}`);
      return found !== undefined && found.endsAtMs > Date.now() ? found.payload : undefined;
    },
    findByUid: async (uid) => first((payload) => payload.uid === uid, model),
    findByUserCode: async (userCode) => first((payload) => payload.userCode === userCode, model),
    async consume(id) {
      const found = kept.get(`${model}:${id}`);
      if (found !== undefined) found.payload.consumed = Math.floor(Date.now() / 1_000);
    },
    async destroy(id) {
      kept.delete(`${model}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of kept) {
        if (key.startsWith(`${model}:`) && payload.grantId === grantId) kept.delete(key);
      }
    },
  });
}
