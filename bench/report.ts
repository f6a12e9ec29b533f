import type { Loaded } from './load.ts';
import { TITLES, VARIANT_IDS, type VariantId } from './variants.ts';

/** One variant in one round. */
export interface Sample extends Loaded {
  readonly cpuUsPerRequest: number;
  /** Share of one core that workerd used; below 1 it was kept from it, or waited. */
  readonly busy: number;
  /** Of the cores of generator and origin, 0 to 1. */
  readonly idle: number;
}

/** All variants, loaded one after the other. */
export type Round = Readonly<Record<VariantId, Sample>>;

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** What a variant came to over all rounds; the ratios are taken round by round against (a) of the same round. */
export interface Result {
  readonly perSecond: Spread;
  readonly ratio: Spread;
  readonly cpuUsPerRequest: Spread;
  readonly cpuRatio: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly bindingCallsPerRequest: number;
}

/** Least shares of (a)'s throughput that are aimed at. */
const GOALS: Partial<Record<VariantId, number>> = { c: 0.9, d: 0.55 };

/** The results of some rounds. */
export function summarise(
  rounds: readonly Round[],
  callsPerRequest: Readonly<Record<VariantId, number>>,
): Record<VariantId, Result> {
  const result = (id: VariantId): Result => {
    const over = (read: (sample: Sample, bare: Sample) => number) => spread(rounds.map((r) => read(r[id], r.a)));
    return {
      perSecond: over((sample) => sample.perSecond),
      ratio: over((sample, bare) => sample.perSecond / bare.perSecond),
      cpuUsPerRequest: over((sample) => sample.cpuUsPerRequest),
      cpuRatio: over((sample, bare) => sample.cpuUsPerRequest / bare.cpuUsPerRequest),
      p50Us: over((sample) => sample.p50Us),
      p99Us: over((sample) => sample.p99Us),
      bindingCallsPerRequest: callsPerRequest[id],
    };
  };
  return Object.fromEntries(VARIANT_IDS.map((id) => [id, result(id)])) as Record<VariantId, Result>;
}

/** The table of ratios and the verdict on each goal, as Markdown. */
export function table(results: Readonly<Record<VariantId, Result>>): string {
  const head = [
    '',
    'variant',
    'requests/s',
    'of (a)',
    'CPU µs/request',
    'of (a)',
    'p50 ms',
    'p99 ms',
    'binding calls/request',
  ];
  const rows = VARIANT_IDS.map((id) => {
    const { perSecond, ratio, cpuUsPerRequest, cpuRatio, p50Us, p99Us, bindingCallsPerRequest } = results[id];
    return [
      id,
      TITLES[id],
      show(perSecond, 0),
      show(ratio, 2),
      show(cpuUsPerRequest, 1),
      show(cpuRatio, 2),
      (p50Us.median / 1_000).toFixed(2),
      (p99Us.median / 1_000).toFixed(2),
      bindingCallsPerRequest.toFixed(4),
    ];
  });
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [...lines, '', 'Medians of the rounds, quartiles in brackets.', ...verdicts(results)].join('\n');
}

function verdicts(results: Readonly<Record<VariantId, Result>>): string[] {
  const lines = Object.entries(GOALS).map(([id, goal]) => {
    const reached = results[id as VariantId].ratio.median;
    return `(${id}) at least ${goal.toFixed(2)} of (a): ${reached.toFixed(2)}, ${reached >= goal ? 'met' : 'missed'}`;
  });
  const above = results.c.perSecond.median > results.b.perSecond.median;
  return [...lines, `(c) above (b): ${above ? 'met' : 'missed'}`];
}

/** Median and quartiles as text, with so many digits behind the point. */
export function show({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

/** Median and quartiles of some values. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const [below = Number.NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return below + (above - below) * (place - Math.floor(place));
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}
