import { counting } from './counting.ts';
import { meterCalls, meterState, takeUse, USE_PATH } from './metering.ts';
import textbook, { Counter as Plain } from './textbook.ts';

/** The textbook's counter, with what it is billed for counted. */
export class Counter extends Plain {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(meterState(ctx, 'counter'), env as Cloudflare.Env);
  }
}

meterCalls('counter', Counter, ['take']);

/** A build of the textbook, with all that it is billed for counted. */
export function meter(build: typeof textbook): ExportedHandler {
  const counted = counting(build);
  return {
    async fetch(request, env, ctx) {
      if (new URL(request.url).pathname === USE_PATH) return Response.json(takeUse());
      return (counted.fetch as NonNullable<ExportedHandler['fetch']>)(request, env, ctx);
    },
  };
}

export default meter(textbook);
