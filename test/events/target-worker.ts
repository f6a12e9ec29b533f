import { resolveTarget } from '../../src/events/resolve.ts';
import { checkTarget } from '../../src/events/target.ts';
import type { Policy } from '../../src/policy/schema.ts';

/** What is asked of the Worker: to judge URLs, or to resolve one and to stop after so many ms. */
export interface TargetQuestion {
  readonly rules: Policy['webhooks'];
  readonly check?: readonly string[];
  readonly resolve?: string;
  readonly stopMs?: number;
}

/** Judges addresses as the gateway does, in workerd: `fetch` and the URL parser are a Worker's. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { rules, check = [], resolve, stopMs } = (await request.json()) as TargetQuestion;
    if (resolve === undefined) return Response.json(check.map((url) => checkTarget(url, rules)));
    const signal = stopMs === undefined ? undefined : AbortSignal.timeout(stopMs);
    return Response.json(await resolveTarget(resolve, rules, signal));
  },
};
