import type { Policy } from '../policy/schema.ts';
import type { EventQueue } from './queue.ts';
import type { Seal } from './seal.ts';
import type { TargetRules } from './target.ts';

/** What delivering events takes. */
export interface Courier {
  readonly db: D1Database;
  readonly queue: EventQueue;
  /** null: there is no key, and so no endpoint whose secret could be read. */
  readonly seal: Seal | null;
  readonly rules: Policy['webhooks'] & TargetRules;
  readonly nowMs: () => number;
  /** Hides what reads like a key in a text from outside. */
  readonly redact: (text: string) => string;
}
