/*
 * An object has one alarm; this is its one table of due jobs. The alarm is always set to the earliest.
 */

type Jobs = { [job: string]: number };

const STORED_AS = 'jobs';
/** A job that failed runs again after so long. */
export const RETRY_MS = 1_000;

function read(storage: DurableObjectStorage): Jobs {
  return storage.kv.get<Jobs>(STORED_AS) ?? {};
}

/** Sets the alarm to the earliest due job, not before `notBeforeMs`; at an object's start and after each alarm. */
export function armJobs(storage: DurableObjectStorage, notBeforeMs = 0): void {
  const due = Object.values(read(storage));
  if (due.length > 0) void storage.setAlarm(Math.max(notBeforeMs, Math.min(...due)));
}

/** When a job is planned for; null: it is not. */
export function plannedFor(storage: DurableObjectStorage, job: string): number | null {
  return read(storage)[job] ?? null;
}

/** Plans `job` for `dueAtMs`; an earlier plan for the same job stands unless `later` says to put it off. */
export function planJob(storage: DurableObjectStorage, job: string, dueAtMs: number, later = false): void {
  const jobs = read(storage);
  const planned = jobs[job];
  if (planned !== undefined && !later && planned <= dueAtMs) return;
  storage.kv.put(STORED_AS, { ...jobs, [job]: dueAtMs });
  armJobs(storage);
}

/**
 * An object's alarm: runs those of its jobs that are due, in their order. They stay in the table until all are done, so
 * when one fails they are due again. Throws what a job throws.
 */
export async function runJobs(
  storage: DurableObjectStorage,
  nowMs: number,
  jobs: Readonly<Record<string, (nowMs: number) => void | Promise<void>>>,
): Promise<void> {
  try {
    const due = dueJobs(storage, nowMs);
    for (const [job, run] of Object.entries(jobs)) if (due.includes(job)) await run(nowMs);
    endJobs(storage, due, nowMs);
  } finally {
    armJobs(storage, nowMs + RETRY_MS);
  }
}

function dueJobs(storage: DurableObjectStorage, nowMs: number): string[] {
  const jobs = Object.entries(read(storage));
  return jobs.filter(([, at]) => at <= nowMs).map(([job]) => job);
}

/** Takes jobs that were due at `nowMs` out of the table; one that has planned itself anew stays, as do all others. */
function endJobs(storage: DurableObjectStorage, due: readonly string[], nowMs: number): void {
  const jobs = Object.entries(read(storage));
  const left = jobs.filter(([job, at]) => at > nowMs || !due.includes(job));
  if (left.length < jobs.length) storage.kv.put(STORED_AS, Object.fromEntries(left));
}
