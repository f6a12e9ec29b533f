import { MORE, type Series, TIME_BOUNDS_MS } from '../../gateway/counters.ts';
import type { Board, CountedValues } from '../../objects/metrics-board.ts';
import { pendingDeliveries } from '../../registry/deliveries.ts';
import { outboxAge } from '../../registry/outbox.ts';
import type { Answer } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { type Metric, PROMETHEUS_TEXT, renderMetrics, type Sample } from './prometheus.ts';

type NameOf<S> = S extends `${infer Name} ${string}` ? Name : S;
/** The parts of one histogram. */
type OfTimes = 'origin_times' | 'origin_ms';

/** What each counter means, and the names of its labels in their order. */
const COUNTERS: Readonly<
  Record<Exclude<NameOf<Series>, OfTimes>, { readonly help: string; readonly labels: readonly string[] }>
> = {
  admissions: {
    help: 'Requests with a key that were admitted, by whether a lease was at hand or a gate was asked.',
    labels: ['by'],
  },
  denials: { help: 'Requests that were refused, by reason.', labels: ['reason'] },
  leases: { help: 'Leases of more than one permit that gates have granted.', labels: [] },
  stale_answers: { help: 'Questions that a gate answered with: your record is outdated.', labels: [] },
  object_calls: { help: 'Calls of Durable Objects by isolates.', labels: ['object', 'method'] },
  origin_errors: {
    help: 'Calls of origins without an answer in time, without any, or with a status of 500 or more.',
    labels: ['upstream', 'kind'],
  },
  events_lost: { help: 'Recorded requests that could not be delivered to the ledger of their account.', labels: [] },
};

/**
 * `GET /metrics`: what all isolates have counted, what waits in the outbox and for endpoints, and when the cron ran. What
 * cannot be asked is left out. Counters are late by the 10 s for which isolates keep them.
 */
export async function showMetrics(desk: Desk): Promise<Answer> {
  const [board, outbox, pending] = await Promise.all([
    desk.house
      .board()
      .read()
      .catch(() => null),
    outboxAge(desk.force.db).catch(() => null),
    pendingDeliveries(desk.force.db).catch(() => null),
  ]);
  const metrics = [
    ...(board === null ? [] : [...counterMetrics(board.counters), originTimes(board.counters), cronRun(board)]),
    ...(outbox === null ? [] : outboxMetrics(outbox, desk.nowMs)),
    ...(pending === null ? [] : [gauge('keystile_deliveries_pending', 'Events to be sent to endpoints.', pending)]),
  ];
  return { kind: 'text', contentType: PROMETHEUS_TEXT, body: renderMetrics(metrics) };
}

/** The label values of a counter's series. */
function seriesOf(counters: CountedValues, counter: NameOf<Series>): { values: string[]; value: number }[] {
  return Object.entries(counters)
    .map(([series, value]) => ({ name: series.split(' '), value }))
    .filter(({ name }) => name[0] === counter)
    .map(({ name, value }) => ({ values: name.slice(1), value }));
}

function counterMetrics(counters: CountedValues): Metric[] {
  return Object.entries(COUNTERS).map(([counter, { help, labels }]) => {
    const known = seriesOf(counters, counter as keyof typeof COUNTERS);
    // What has no labels is shown from the beginning, so that its first increase is seen.
    const series = known.length === 0 && labels.length === 0 ? [{ values: [], value: 0 }] : known;
    const samples = series.map(({ values, value }) => ({ labels: zip(labels, values), value }));
    return { name: `keystile_${counter}_total`, type: 'counter', help, samples };
  });
}

function zip(names: readonly string[], values: readonly string[]): [name: string, value: string][] {
  return names.map((name, i) => [name, values[i] ?? '']);
}

function originTimes(counters: CountedValues): Metric {
  const sums = seriesOf(counters, 'origin_ms').map(({ values: [upstream = ''], value }) => [upstream, value] as const);
  return {
    name: 'keystile_origin_duration_seconds',
    type: 'histogram',
    help: 'Time from sending a request to an origin to the first byte of its answer.',
    samples: sums.flatMap(([upstream, sumMs]) => histogram(counters, upstream, sumMs)),
  };
}

function histogram(counters: CountedValues, upstream: string, sumMs: number): Sample[] {
  const label = ['upstream', upstream] as const;
  let count = 0;
  const buckets = [...TIME_BOUNDS_MS, MORE].map((bound): Sample => {
    count += counters[`origin_times ${upstream} ${bound}`] ?? 0;
    const le = bound === MORE ? '+Inf' : String(Number(bound) / 1_000);
    return { suffix: '_bucket', labels: [label, ['le', le]], value: count };
  });
  return [
    ...buckets,
    { suffix: '_sum', labels: [label], value: sumMs / 1_000 },
    { suffix: '_count', labels: [label], value: count },
  ];
}

function cronRun({ cronAtMs }: Board): Metric {
  const help = 'When the cron ran last, in Unix time.';
  const samples = cronAtMs === null ? [] : [{ labels: [], value: cronAtMs / 1_000 }];
  return { name: 'keystile_cron_last_run_timestamp_seconds', type: 'gauge', help, samples };
}

function outboxMetrics({ waiting, oldestAtMs }: Awaited<ReturnType<typeof outboxAge>>, nowMs: number): Metric[] {
  const ageMs = Math.max(0, nowMs - (oldestAtMs ?? nowMs));
  return [
    gauge('keystile_outbox_rows', 'Changes that are not known to be in force everywhere.', waiting),
    gauge('keystile_outbox_age_seconds', 'How long the oldest of them has waited; 0 where none does.', ageMs / 1_000),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, samples: [{ labels: [], value }] };
}
