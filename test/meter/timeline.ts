/** Numbers from a seed (mulberry32), so that a failing run can be repeated. */
export interface Random {
  between(least: number, most: number): number;
  chance(share: number): boolean;
}

export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    between: (least, most) => least + next() * (most - least),
    chance: (share) => next() < share,
  };
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

const before = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Made-up time: events happen in the order of their times; a binary heap. */
export class Timeline {
  nowMs = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  /** Lets `act` happen `delayMs` from now. */
  in(delayMs: number, act: () => void): void {
    const heap = this.#heap;
    const event = { atMs: this.nowMs + delayMs, order: this.#order++, act };
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  /** Lets `act` happen again and again, each time after another `gapMs()`. */
  repeatedly(gapMs: () => number, act: () => void): void {
    this.in(gapMs(), () => {
      act();
      this.repeatedly(gapMs, act);
    });
  }

  /** Lets everything happen that is due until `untilMs`. */
  run(untilMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      this.nowMs = next.atMs;
      next.act();
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && before(heap[right] as Event, heap[left] as Event) ? right : left;
      if (!before(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}
