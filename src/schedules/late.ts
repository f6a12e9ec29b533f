import type { House } from '../env.ts';
import { callObject } from '../objects/call.ts';
import { noteAlert } from '../registry/note.ts';

/** A cron that comes later than that is an operator's business. */
const LATE_AFTER_MS = 180_000;

/** Notes the run durably, and tells where it or the one before it is late. `dueAtMs` is when it was to be. */
export async function noteRun({ board, env, logger }: House, nowMs: number, dueAtMs: number): Promise<void> {
  const lastAtMs = (await callObject(() => board().noteCron(nowMs))) ?? nowMs;
  const lateMs = Math.max(nowMs - lastAtMs, nowMs - dueAtMs);
  if (lateMs <= LATE_AFTER_MS) return;
  const about = { seconds: Math.round(lateMs / 1_000) };
  logger.alert('cron_late', about);
  await noteAlert(env.DB, 'cron.late', '', about, nowMs);
}
