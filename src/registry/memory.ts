interface Kept<V> {
  readonly value: V;
  used: boolean;
}

/**
 * A map of at most `capacity` entries that drops what has not been used for longest, nearly: an entry that was used
 * since it came up last is spared once ("second chance"), so that a hit writes one flag and moves nothing.
 */
export class BoundedMap<K, V> {
  readonly #kept = new Map<K, Kept<V>>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: K): V | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    kept.used = true;
    return kept.value;
  }

  set(key: K, value: V): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, used: false });
    if (this.#kept.size > this.#capacity) this.#evict();
  }

  clear(): void {
    this.#kept.clear();
  }

  delete(key: K): void {
    this.#kept.delete(key);
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#kept.values()) yield value;
  }

  #evict(): void {
    for (const [key, kept] of this.#kept) {
      this.#kept.delete(key);
      if (!kept.used) return;
      kept.used = false;
      this.#kept.set(key, kept);
    }
  }
}
