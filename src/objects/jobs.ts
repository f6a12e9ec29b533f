/*
 * An object has one alarm; this is its one table of due jobs. The alarm is always set to the earliest.
 */

type Jobs = { [job: string]: number };

const STORED_AS = 'jobs';

function read(storage: DurableObjectStorage): Jobs {
  return storage.kv.get<Jobs>(STORED_AS) ?? {};
}

/** Sets the alarm to the earliest due job, not before `notBeforeMs`; at an object's start and after each alarm. */
export function armJobs(storage: DurableObjectStorage, notBeforeMs = 0): void {
  const due = Object.values(read(storage));
  if (due.length > 0) void storage.setAlarm(Math.max(notBeforeMs, Math.min(...due)));
}

/** Plans `job` for `dueAtMs`; an earlier plan for the same job stands unless `later` says to put it off. */
export function planJob(storage: DurableObjectStorage, job: string, dueAtMs: number, later = false): void {
  const jobs = read(storage);
  const planned = jobs[job];
  if (planned !== undefined && !later && planned <= dueAtMs) return;
  storage.kv.put(STORED_AS, { ...jobs, [job]: dueAtMs });
  armJobs(storage);
}

/** The jobs that are due at `nowMs`. They stay in the table until {@link endDueJobs}, so that one that fails is due again. */
export function dueJobs(storage: DurableObjectStorage, nowMs: number): string[] {
  const jobs = Object.entries(read(storage));
  return jobs.filter(([, at]) => at <= nowMs).map(([job]) => job);
}

/** Takes the jobs that were due at `nowMs` out of the table; one that has planned itself anew stays. */
export function endDueJobs(storage: DurableObjectStorage, nowMs: number): void {
  const jobs = Object.entries(read(storage));
  const left = jobs.filter(([, at]) => at > nowMs);
  if (left.length < jobs.length) storage.kv.put(STORED_AS, Object.fromEntries(left));
}
