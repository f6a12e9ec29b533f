import type { Decision, Keystile, Question } from '../../src/index.ts';

/* A service of its own, bound to the entrypoint of every isolate: `POST /<isolate>` sends the body as a question. */

type Bound = Readonly<Record<string, Service<typeof Keystile>>>;

export default {
  async fetch(request: Request, env: Bound): Promise<Response> {
    const isolate = new URL(request.url).pathname.slice(1);
    const decision: Decision | undefined = await env[`EDGE_${isolate}`]?.verify((await request.json()) as Question);
    return decision === undefined ? new Response(null, { status: 404 }) : Response.json(decision);
  },
};
