import type { Charge } from '../../src/meter/credits.ts';

/** One lease and all that was ever told of it. */
interface Lease {
  readonly id: string;
  readonly micro: number;
  readonly fromMs: number;
  readonly endsAtMs: number;
  readonly reserved: number[];
  taken: number | null;
  overdue: boolean;
  /** What was open when it became final. */
  final: number | null;
}

const MINUTE_MS = 60_000;

/** The same money from its meaning: facts are only collected, and every sum is made anew from all of them. */
export class CreditOracle {
  readonly #leases: Lease[] = [];
  readonly #costs: { micro: number; atMs: number }[] = [];
  readonly #starts: number[] = [];
  #granted = 0;
  /** Whether a cost came after what its request had reserved was final: then both are booked. */
  cameTooLate = false;

  constructor(anchorMs: number) {
    const [date = '', time = ''] = new Date(anchorMs).toISOString().split('T');
    const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
    for (let i = month - 1; i < month + 120; i++) {
      const prefix = `${year + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, '0')}`;
      const days = [day, 30, 29, 28]
        .filter((each) => each <= day)
        .map((each) => `${prefix}-${String(each).padStart(2, '0')}`);
      const found = days.find((each) => new Date(`${each}T00:00:00Z`).toISOString().startsWith(each));
      this.#starts.push(Date.parse(`${found}T${time}`));
    }
  }

  grant(micro: number): void {
    this.#granted += micro;
  }

  hold(id: string, micro: number, fromMs: number, endsAtMs: number): void {
    this.#leases.push({ id, micro, fromMs, endsAtMs, reserved: [], taken: null, overdue: false, final: null });
  }

  settle({ hold, reserved, micro, atMs }: Charge): void {
    const lease = this.#leases.find(({ id }) => id === hold);
    if (lease === undefined || lease.final !== null) {
      this.cameTooLate = true;
      this.#costs.push({ micro, atMs });
      return;
    }
    lease.reserved.push(reserved);
    const [, within = 0] = [lease.fromMs, atMs, lease.endsAtMs].sort((a, b) => a - b);
    this.#costs.push({ micro, atMs: within });
  }

  close(id: string, taken: number): void {
    const lease = this.#leases.find((each) => each.id === id);
    if (lease !== undefined) lease.taken ??= taken;
  }

  /** How many leases are final from now on. */
  expire(nowMs: number): number {
    let count = 0;
    for (const lease of this.#leases) {
      if (this.#open(lease) === 0 || lease.final !== null) continue;
      const lateMs = nowMs - lease.endsAtMs;
      if (lateMs >= 15 * MINUTE_MS) lease.overdue = true;
      if (lateMs < (15 + 24 * 60) * MINUTE_MS) continue;
      lease.final = this.#open(lease);
      count++;
    }
    return count;
  }

  isClosed(id: string): boolean {
    return this.#leases.find((lease) => lease.id === id)?.taken !== null;
  }

  isUnreported(id: string): boolean {
    return this.#leases.some((lease) => lease.id === id && lease.overdue && lease.final === null);
  }

  /** The leases of which something is open and not final, oldest first. */
  open(): string[] {
    return this.#leases.filter((lease) => lease.final === null && this.#open(lease) > 0).map(({ id }) => id);
  }

  held(): number {
    return sum(this.#leases.filter(({ overdue }) => !overdue).map((lease) => this.#gone(lease)));
  }

  unreported(): number {
    return sum(this.#leases.filter(({ overdue }) => overdue).map((lease) => this.#gone(lease)));
  }

  balance(): number {
    return this.#granted - sum(this.#costs.map(({ micro }) => micro)) - this.held() - this.unreported();
  }

  /** The most that is used of the budget in a month that a lease from `fromMs` to `untilMs` touches. */
  used(fromMs: number, untilMs: number): number {
    return Math.max(...this.#touched(fromMs, untilMs).map((month) => this.#usedIn(month)));
  }

  /** The most that is used of the budget in any month. */
  mostUsed(): number {
    const months = [...this.#costs.map(({ atMs }) => [atMs, atMs]), ...this.#leases.map((l) => [l.fromMs, l.endsAtMs])];
    return Math.max(0, ...months.map(([fromMs = 0, untilMs = 0]) => this.used(fromMs, untilMs)));
  }

  isAcross(fromMs: number, untilMs: number): boolean {
    return this.#touched(fromMs, untilMs).length > 1;
  }

  endOfMonth(nowMs: number): number {
    return this.#starts.find((startMs) => startMs > nowMs) ?? 0;
  }

  #usedIn(month: number): number {
    const costs = this.#costs.filter(({ atMs }) => this.#touched(atMs, atMs).includes(month));
    const leases = this.#leases.filter(({ fromMs, endsAtMs }) => this.#touched(fromMs, endsAtMs).includes(month));
    return sum(costs.map(({ micro }) => micro)) + sum(leases.map((lease) => this.#gone(lease)));
  }

  #touched(fromMs: number, untilMs: number): number[] {
    const first = this.#starts.filter((startMs) => startMs <= fromMs).at(-1);
    return [...(first === undefined ? [] : [first]), ...this.#starts.filter((at) => at > fromMs && at <= untilMs)];
  }

  #gone(lease: Lease): number {
    return lease.final ?? this.#open(lease);
  }

  #open({ micro, taken, reserved }: Lease): number {
    return Math.max(0, Math.min(micro, taken ?? micro) - sum(reserved));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, n) => all + n, 0);
}
