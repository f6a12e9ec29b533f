import { type Amounts, type Billed, billOf, LOG_EVENT, OBJECT_GB, PRICES_OF } from './prices.ts';
import type { Case, Counted } from './storage.ts';

/** A case, with what was counted in it. */
export interface Outcome extends Counted {
  readonly of: Case;
}

/** CPU time of a request in ms, by build. */
export type CpuMs = Readonly<Record<Case['build'], number>>;

/** Below this share of its rate a load was not the one that was meant. */
const LEAST_OF_RATE = 0.85;
const MILLION = 1_000_000;
const BYTES_PER_GB = 1_000_000_000;

/** Everything of a case for one request. */
interface PerRequest {
  readonly gateCalls: number;
  readonly lockoutCalls: number;
  readonly counterCalls: number;
  readonly records: number;
  readonly draws: number;
  readonly alarms: number;
  readonly kv: number;
  readonly d1: number;
  readonly objectRequests: number;
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly gbSeconds: number;
}

function perRequest({ sent, calls, objects, d1RowsRead, d1RowsWritten }: Outcome): PerRequest {
  const uses = Object.entries(objects);
  const sum = (list: readonly number[]) => list.reduce((all, each) => all + each, 0) / sent.requests;
  const of = (type: string, ...methods: string[]) => sum(methods.map((method) => objects[type]?.calls[method] ?? 0));
  return {
    gateCalls: of('gate', 'admit', 'confirm', 'settle'),
    lockoutCalls: of('lockout', 'ask', 'strike', 'take'),
    counterCalls: of('counter', 'take'),
    records: of('ledger', 'record'),
    draws: of('ledger', 'draw', 'settle'),
    alarms: sum(uses.map(([, use]) => use.calls.alarm ?? 0)),
    kv: sum([calls.kv ?? 0]),
    d1: sum([calls.d1 ?? 0]),
    objectRequests: sum(uses.flatMap(([, use]) => Object.values(use.calls))),
    rowsWritten: sum([d1RowsWritten, ...uses.map(([, use]) => use.rowsWritten)]),
    rowsRead: sum([d1RowsRead, ...uses.map(([, use]) => use.rowsRead)]),
    gbSeconds: sum(uses.map(([, use]) => (use.activeMs / 1_000) * OBJECT_GB)),
  };
}

/**
 * What a million requests of a case amount to. What they store is kept for a month, the default retention. A record
 * that KV had is never written to it again, so all of its calls are reads.
 */
function amountsOf(outcome: Outcome, cpuMs: CpuMs): Amounts {
  const { sent, d1RowsRead, d1RowsWritten, objectBytes, d1Bytes, of } = outcome;
  const each = perRequest(outcome);
  const d1Read = d1RowsRead / sent.requests;
  const d1Written = d1RowsWritten / sent.requests;
  const gb = (bytes: number) => (bytes / sent.requests) * (MILLION / BYTES_PER_GB);
  return {
    workerRequests: MILLION,
    workerCpuMs: cpuMs[of.build] * MILLION,
    objectRequests: each.objectRequests * MILLION,
    objectGbSeconds: each.gbSeconds * MILLION,
    objectRowsRead: (each.rowsRead - d1Read) * MILLION,
    objectRowsWritten: (each.rowsWritten - d1Written) * MILLION,
    objectGbMonths: gb(objectBytes),
    kvReads: each.kv * MILLION,
    kvWrites: 0,
    d1RowsRead: d1Read * MILLION,
    d1RowsWritten: d1Written * MILLION,
    d1GbMonths: gb(d1Bytes),
  };
}

/** The calls and rows of each case, the dollars that follow, and the verdict on each goal, as Markdown. */
export function storageTables(outcomes: readonly Outcome[], cpuMs: CpuMs): string {
  return [
    'For 1,000 requests:',
    '',
    ...markdown(['', 'requests/s', ...COUNTS.map(([title]) => title)], outcomes.map(countsOf)),
    '',
    `Dollars for a million requests, beyond what the plan includes, at the prices of ${PRICES_OF}:`,
    '',
    ...markdown(
      ['', ...Object.keys(DOLLARS), 'all'],
      outcomes.map((outcome) => dollarsOf(outcome, cpuMs)),
    ),
    '',
    ...outcomes.flatMap((outcome) => verdicts(outcome, cpuMs)),
    logNote(outcomes),
  ].join('\n');
}

const COUNTS: readonly (readonly [string, keyof PerRequest])[] = [
  ['gate calls', 'gateCalls'],
  ['lockout calls', 'lockoutCalls'],
  ['counter calls', 'counterCalls'],
  ['batches recorded', 'records'],
  ['ledger draws', 'draws'],
  ['alarms', 'alarms'],
  ['KV', 'kv'],
  ['D1', 'd1'],
  ['rows written', 'rowsWritten'],
  ['rows read', 'rowsRead'],
  ['object GB-s', 'gbSeconds'],
];

/** Columns of the second table, and what each adds up. */
const DOLLARS: Readonly<Record<string, readonly Billed[]>> = {
  requests: ['workerRequests'],
  CPU: ['workerCpuMs'],
  'object calls': ['objectRequests'],
  'object time': ['objectGbSeconds'],
  'rows written': ['objectRowsWritten', 'd1RowsWritten'],
  'rows read': ['objectRowsRead', 'd1RowsRead'],
  KV: ['kvReads', 'kvWrites'],
  'stored for a month': ['objectGbMonths', 'd1GbMonths'],
};

function countsOf(outcome: Outcome): string[] {
  const { sent, of } = outcome;
  const each = perRequest(outcome);
  const counts = COUNTS.map(([, name]) => (each[name] * 1_000).toFixed(name === 'gbSeconds' ? 3 : 1));
  return [of.title, (sent.requests / sent.seconds).toFixed(0), ...counts];
}

function dollarsOf(outcome: Outcome, cpuMs: CpuMs): string[] {
  const bill = billOf(amountsOf(outcome, cpuMs));
  const parts = Object.values(DOLLARS).map((names) => names.reduce((sum, name) => sum + bill[name], 0));
  return [outcome.of.title, ...parts.map((part) => part.toFixed(3)), totalOf(outcome, cpuMs).toFixed(2)];
}

/** Dollars for a million requests. */
function totalOf(outcome: Outcome, cpuMs: CpuMs): number {
  return Object.values(billOf(amountsOf(outcome, cpuMs))).reduce((sum, each) => sum + each, 0);
}

function verdicts(outcome: Outcome, cpuMs: CpuMs): string[] {
  const { title, goals, perSecond } = outcome.of;
  const { requests, seconds } = outcome.sent;
  const isLate = perSecond !== null && requests / seconds < LEAST_OF_RATE * perSecond;
  const { gateCalls, rowsWritten } = perRequest(outcome);
  const judge = (what: string, reached: number, goal: number | undefined, digits: number) =>
    goal === undefined
      ? []
      : [`${title}: at most ${goal} ${what}: ${reached.toFixed(digits)}, ${reached <= goal ? 'met' : 'missed'}`];
  return [
    ...(isLate ? [`${title}: the machine did not keep up, so requests came late and in bursts`] : []),
    ...judge('gate calls', gateCalls * 1_000, goals.gateCalls, 1),
    ...judge('rows written', rowsWritten * 1_000, goals.rows, 1),
    ...judge('dollars for a million', totalOf(outcome, cpuMs), goals.dollarsPerMillion, 2),
  ];
}

function logNote([first]: readonly Outcome[]): string {
  if (first === undefined) return '';
  const events = 1 + perRequest(first).objectRequests;
  const usd = ((events * MILLION) / LOG_EVENT.per) * LOG_EVENT.usd;
  return `Workers Logs with invocation_logs, not in the sums: ${usd.toFixed(2)} more for "${first.of.title}".`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
