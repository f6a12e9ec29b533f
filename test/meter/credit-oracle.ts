import type { Charge } from '../../src/meter/credits.ts';

/** One lease and all that was ever told of it. */
interface Lease {
  readonly id: string;
  readonly micro: number;
  readonly fromMs: number;
  readonly endsAtMs: number;
  /** The months in which it can be used. */
  readonly months: readonly number[];
  readonly reserved: number[];
  taken: number | null;
  overdue: boolean;
  /** What was open when it became final; 0 where it came back instead. */
  final: number | null;
}

const MINUTE_MS = 60_000;

/** The same money from its meaning: facts are only collected, and every sum is made anew from all of them. */
export class CreditOracle {
  readonly #leases: Lease[] = [];
  readonly #costs: { micro: number; months: readonly number[] }[] = [];
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
    const earlier = this.#lease(id);
    if (earlier !== undefined) earlier.final ??= 0;
    const months = this.#touched(fromMs, endsAtMs);
    this.#leases.push({ id, micro, fromMs, endsAtMs, months, reserved: [], taken: null, overdue: false, final: null });
  }

  settle({ hold, reserved, micro, atMs }: Charge): void {
    const lease = this.#lease(hold);
    if (lease === undefined || lease.final !== null) {
      this.cameTooLate = true;
      this.#costs.push({ micro, months: this.#touched(atMs, atMs) });
      return;
    }
    lease.reserved.push(reserved);
    const [, within = 0] = [lease.fromMs, atMs, lease.endsAtMs].sort((a, b) => a - b);
    this.#costs.push({ micro, months: this.#touched(within, within) });
  }

  close(id: string, taken: number): void {
    const lease = this.#lease(id);
    if (lease !== undefined) lease.taken ??= taken;
  }

  /** How many leases are final from now on, and of how many what was open came back. */
  expire(nowMs: number): { final: number; back: number } {
    const late = this.#alive().filter((lease) => nowMs >= this.#dueMs(lease));
    const back = late.filter(({ taken }) => taken === null);
    for (const lease of back) lease.final = 0;
    for (const lease of late) lease.overdue = lease.final === null;
    const final = late.filter((lease) => lease.overdue && nowMs >= this.#dueMs(lease));
    for (const lease of final) lease.final = this.#open(lease);
    return { final: final.length, back: back.length };
  }

  /** When the next lease is to be booked, or to be given back. */
  dueMs(): number {
    return Math.min(...this.#alive().map((lease) => this.#dueMs(lease)));
  }

  isClosed(id: string): boolean {
    return this.#lease(id)?.taken !== null;
  }

  isUnreported(id: string): boolean {
    return this.#leases.some((lease) => lease.id === id && lease.overdue && lease.final === null);
  }

  /** The leases of which something is open and not final, oldest first. */
  open(): string[] {
    return this.#alive().map(({ id }) => id);
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
    return this.#mostIn(this.#touched(fromMs, untilMs));
  }

  /** The most that is used of the budget in any month. */
  mostUsed(): number {
    return this.#mostIn([...this.#costs, ...this.#leases].flatMap(({ months }) => months));
  }

  isAcross(fromMs: number, untilMs: number): boolean {
    return this.#touched(fromMs, untilMs).length > 1;
  }

  endOfMonth(nowMs: number): number {
    return this.#starts.find((startMs) => startMs > nowMs) ?? 0;
  }

  /** The newest of that id. */
  #lease(id: string | null): Lease | undefined {
    return this.#leases.findLast((lease) => lease.id === id);
  }

  #alive(): Lease[] {
    return this.#leases.filter((lease) => lease.final === null && this.#open(lease) > 0);
  }

  #dueMs({ endsAtMs, overdue }: Lease): number {
    return endsAtMs + (overdue ? 15 + 24 * 60 : 15) * MINUTE_MS;
  }

  #mostIn(months: readonly number[]): number {
    return Math.max(0, ...[...new Set(months)].map((month) => this.#usedIn(month)));
  }

  #usedIn(month: number): number {
    const costs = this.#costs.filter(({ months }) => months.includes(month));
    const leases = this.#leases.filter(({ months }) => months.includes(month));
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
