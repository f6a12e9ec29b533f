import { type PackedEvent, packedAt, type RequestEvent } from '../decision/event.ts';
import { isErased } from './log-erase.ts';

/** Which requests of a log; all of them where empty. */
export interface LogFilter {
  /** Those with one of these keys. */
  readonly keyIds?: readonly string[] | undefined;
  readonly category?: string | undefined;
  /** The lowest and the highest status. */
  readonly statuses?: readonly [least: number, most: number] | undefined;
  readonly reason?: string | undefined;
  /** Those that arrived at the gateway at this time or later, in ms. */
  readonly fromMs?: number | undefined;
  /** Those that arrived before this time, in ms. */
  readonly toMs?: number | undefined;
}

/** Whether an event is one that the filter asks for, without unpacking it. One that was erased never is. */
export function matcherOf(filter: LogFilter): (event: PackedEvent) => boolean {
  const { keyIds, category, reason, statuses, fromMs, toMs } = filter;
  const tests: ((event: PackedEvent) => boolean)[] = [];
  const isSame = (field: keyof RequestEvent, wanted: string | undefined) => {
    const place = packedAt(field);
    if (wanted !== undefined) tests.push((event) => event[place] === wanted);
  };
  const isWithin = (field: keyof RequestEvent, least: number, most: number) => {
    const place = packedAt(field);
    tests.push((event) => {
      const value = event[place] as number;
      return value >= least && value <= most;
    });
  };
  if (keyIds !== undefined) {
    const wanted = new Set<unknown>(keyIds);
    const place = packedAt('keyId');
    tests.push((event) => wanted.has(event[place]));
  }
  isSame('category', category);
  isSame('reason', reason);
  if (statuses !== undefined) isWithin('status', ...statuses);
  if (fromMs !== undefined || toMs !== undefined) isWithin('atMs', fromMs ?? 0, (toMs ?? Number.MAX_SAFE_INTEGER) - 1);
  return (event) => !isErased(event) && tests.every((test) => test(event));
}
