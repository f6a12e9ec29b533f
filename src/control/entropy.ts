import { deriveBytes } from '../credential/derive.ts';
import type { Pepper } from '../credential/digest.ts';
import type { KeyFormat } from '../credential/format.ts';
import { ID_BYTES, type IdKind, MAX_DRAWS, mintId, type RandomSource, SIGNING_BYTES } from '../credential/mint.ts';

/** What the ids and secrets of one request are made of. */
export interface Entropy {
  /** Of the secret of a key, or of a webhook endpoint. */
  readonly secret: RandomSource;
  /** An id; of each kind a request makes at most one. */
  readonly id: (kind: IdKind) => string;
  /** The request has run before, and may have done its work: what it makes has the ids that it had then. */
  readonly isAgain: boolean;
}

const KINDS: readonly IdKind[] = ['acc', 'key', 'sec', 'mem', 'inv', 'whe', 'whs', 'req'];

function randomBytes(n: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(n));
}

/** Of cryptographic quality, and never the same twice. */
export const FRESH: Entropy = {
  secret: randomBytes,
  id: (kind) => mintId(kind, randomBytes(ID_BYTES)),
  isAgain: false,
};

/** The same each time for the same `parts`, and known to nobody who has not got the pepper and all of them. */
export async function derivedEntropy(
  pepper: Pepper,
  parts: readonly string[],
  format: KeyFormat,
  isAgain: boolean,
): Promise<Entropy> {
  const ids = await Promise.all(KINDS.map((kind) => deriveBytes(pepper, [...parts, kind], ID_BYTES)));
  const byKind = new Map(KINDS.map((kind, i) => [kind, ids[i] as Uint8Array]));
  return {
    secret: await derivedSecret(pepper, parts, format),
    id(kind) {
      const bytes = byKind.get(kind);
      if (bytes === undefined) throw new RangeError(`no id of the kind ${kind} is derived`);
      return mintId(kind, bytes);
    },
    isAgain,
  };
}

/** The part of {@link derivedEntropy} that a secret is made of. */
export async function derivedSecret(
  pepper: Pepper,
  parts: readonly string[],
  format: KeyFormat,
): Promise<RandomSource> {
  const most = Math.max(format.randomBytes * MAX_DRAWS, SIGNING_BYTES);
  const bytes = await deriveBytes(pepper, [...parts, 'secret'], most);
  let at = 0;
  return (n) => {
    at += n;
    return bytes.slice(at - n, at);
  };
}
