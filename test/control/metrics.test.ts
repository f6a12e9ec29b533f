import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { renderMetrics } from '../../src/control/operations/prometheus.ts';
import { type Gateway, openGateway, READ } from './gateway.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
interface Metric {
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\\\\\|\\\\n)*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|[+-]Inf|NaN)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

const unescaped = (text: string) => text.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? [];
    if (name === '' || name in labels) throw new Error(`labels: ${text}`);
    labels[name] = unescaped(value);
  }
  return labels;
}

/** Reads text 0.0.4, and refuses what a strict reader might: order, grouping, names, types, duplicates, line ends. */
function parse(text: string): Map<string, Metric> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line must end');
  const metrics = new Map<string, Metric>();
  const seen = new Set<string>();
  const lines = text.split('\n').slice(0, -1);
  for (let i = 0; i < lines.length; ) {
    const [, name = '', help = ''] = HELP.exec(lines[i++] ?? '') ?? [];
    const [, typed, type = ''] = TYPE.exec(lines[i++] ?? '') ?? [];
    if (name === '' || typed !== name || metrics.has(name)) throw new Error(`head of a metric: ${lines[i - 1]}`);
    if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`);
    const samples: Sample[] = [];
    for (; i < lines.length && !lines[i]?.startsWith('#'); i++) {
      const [, of = '', labels = '', value = ''] = SAMPLE.exec(lines[i] ?? '') ?? [];
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!suffixes.some((suffix) => of === name + suffix)) throw new Error(`a sample of ${name}: ${lines[i]}`);
      const series = `${of}${JSON.stringify(Object.entries(parseLabels(labels)).sort())}`;
      if (seen.has(series)) throw new Error(`twice: ${series}`);
      seen.add(series);
      samples.push({ name: of, labels: parseLabels(labels), value: Number(value.replace('Inf', 'Infinity')) });
    }
    if (type === 'histogram') checkHistogram(name, samples);
    metrics.set(name, { help: unescaped(help), type, samples });
  }
  return metrics;
}

/** Buckets that grow, end with +Inf and agree with the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const without = ({ le: _, ...labels }: Readonly<Record<string, string>>) => JSON.stringify(labels);
  for (const of of new Set(samples.map(({ labels }) => without(labels)))) {
    const own = samples.filter(({ labels }) => without(labels) === of);
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace('Inf', 'Infinity')));
    const counts = buckets.map(({ value }) => value);
    const ascends = (values: number[]) => values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0));
    const count = own.find((sample) => sample.name === `${name}_count`)?.value;
    const isWhole = bounds.at(-1) === Number.POSITIVE_INFINITY && counts.at(-1) === count;
    if (!ascends(bounds) || !ascends(counts) || !isWhole) throw new Error(`the buckets of ${name} ${of}`);
    if (!own.some((sample) => sample.name === `${name}_sum`)) throw new Error(`no sum of ${name} ${of}`);
  }
}

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const scrape = async () => {
  const { status, headers, body } = await gateway.call('/admin/v1/metrics', { token: READ });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return parse(body);
};
const values = (metric: Metric | undefined) =>
  Object.fromEntries(metric?.samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]) ?? []);

describe('metrics', () => {
  it('of a gateway that has done nothing are those that are known to be zero', async () => {
    const metrics = await scrape();
    const shown = [...metrics].map(([name, metric]) => [name, values(metric)]);
    expect(Object.fromEntries(shown)).toEqual({
      keystile_leases_total: { '': 0 },
      keystile_stale_answers_total: { '': 0 },
      keystile_events_lost_total: { '': 0 },
      keystile_outbox_rows: { '': 0 },
      keystile_outbox_age_seconds: { '': 0 },
      keystile_deliveries_pending: { '': 0 },
    });
  });

  it('are what isolates have counted, in the names and units of Prometheus', async () => {
    await gateway.count({
      'admissions leased': 70,
      'admissions asked': 3,
      'denials rate_limited': 5,
      leases: 2,
      events_lost: 4,
      'object_calls gate admit': 3,
      'origin_errors api 5xx': 1,
      'origin_times api 5': 2,
      'origin_times api 1000': 6,
      'origin_times api more': 1,
      'origin_ms api': 65_004,
      'of_another_version x': 9,
    });
    const metrics = await scrape();
    expect(values(metrics.get('keystile_admissions_total'))).toEqual({ leased: 70, asked: 3 });
    expect(values(metrics.get('keystile_denials_total'))).toEqual({ rate_limited: 5 });
    expect(values(metrics.get('keystile_leases_total'))).toEqual({ '': 2 });
    expect(values(metrics.get('keystile_events_lost_total'))).toEqual({ '': 4 });
    expect(metrics.get('keystile_object_calls_total')?.samples).toEqual([
      { name: 'keystile_object_calls_total', labels: { object: 'gate', method: 'admit' }, value: 3 },
    ]);
    expect(values(metrics.get('keystile_origin_errors_total'))).toEqual({ 'api 5xx': 1 });
    const times = metrics.get('keystile_origin_duration_seconds');
    expect(times?.type).toBe('histogram');
    const byName = new Map(times?.samples.map(({ name, labels, value }) => [`${name} ${labels.le ?? ''}`, value]));
    const of = (name: string) => byName.get(`keystile_origin_duration_seconds${name}`);
    expect([of('_bucket 0.005'), of('_bucket 0.5'), of('_bucket 1'), of('_bucket 60'), of('_bucket +Inf')]).toEqual([
      2, 2, 8, 8, 9,
    ]);
    expect([of('_sum '), of('_count ')]).toEqual([65.004, 9]);
    expect([...metrics.keys()].some((name) => name.includes('another_version'))).toBe(false);
  });

  it('tell what waits in the outbox, and for how long', async () => {
    const atMs = Date.now() - 90_000;
    const insert = "INSERT INTO outbox VALUES (NULL, 'key.created', 'acc_1', 'key_1', 1, '{}', ?, 0, ?)";
    await gateway.db.prepare(insert).bind(atMs, atMs).run();
    const metrics = await scrape();
    expect(values(metrics.get('keystile_outbox_rows'))).toEqual({ '': 1 });
    const { '': ageSeconds = 0 } = values(metrics.get('keystile_outbox_age_seconds'));
    expect(ageSeconds).toBeGreaterThanOrEqual(90);
    expect(ageSeconds).toBeLessThan(120);
    await gateway.db.prepare('DELETE FROM outbox').run();
  });

  it('tell when the cron ran', async () => {
    await gateway.schedule(1_800_000_000_500);
    expect(values((await scrape()).get('keystile_cron_last_run_timestamp_seconds'))).toEqual({ '': 1_800_000_000.5 });
  });

  it('are all in the runbook, and no others', async () => {
    const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
    const told = [...runbook.matchAll(/^\| `(keystile_\w+)` \|/gm)].map(([, name]) => name);
    expect(told.sort()).toEqual([...(await scrape()).keys()].sort());
  });

  it('are for admins', async () => {
    expect((await gateway.call('/admin/v1/metrics', {})).status).toBe(401);
  });
});

test('what stands in a text or a label is escaped', () => {
  const odd = 'a "b" \\ c\nd';
  const sample = { labels: [['x', odd] as const], value: 1e21 };
  const text = renderMetrics([{ name: 'keystile_odd', type: 'gauge', help: odd, samples: [sample] }]);
  expect(text).toContain('# HELP keystile_odd a "b" \\\\ c\\nd\n');
  expect(text).toContain('keystile_odd{x="a \\"b\\" \\\\ c\\nd"} 1e+21\n');
  expect(parse(text).get('keystile_odd')).toEqual({
    help: odd,
    type: 'gauge',
    samples: [{ name: 'keystile_odd', labels: { x: odd }, value: 1e21 }],
  });
});
