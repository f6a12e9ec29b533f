import { type Context, Hono } from 'hono';
import { addressKey } from '../../decision/address.ts';
import { deny } from '../../decision/denial.ts';
import type { House } from '../../env.ts';
import { readBytes } from '../../events/bytes.ts';
import { takeFor } from '../../gateway/rates.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import { type Answer, denied, respond } from '../answer.ts';
import { forceOf } from '../desk.ts';
import { nothingPublished, type Published } from '../guards/published.ts';
import type { Described, Section } from '../openapi/section.ts';
import { allowedMethods } from '../route.ts';
import type { Kept } from '../serve.ts';
import { examples, verdicts } from '../shapes/leaks.ts';
import { answerReport } from './handle.ts';
import { REPORT_BYTES, readReport, report, TOO_LARGE } from './report.ts';
import { checkSignature, type ReporterKeys, readSignature } from './signature.ts';

/** Where GitHub reports tokens that it has found in public. */
export const GITHUB = '/leaks/github';

/** Reports of an address: what a signature takes to be checked is not to be had without end. */
const REPORTS_PER_MINUTE = 120;
/** Who reports, as the trail names it. */
const REPORTER = 'github';

const UNSIGNED = denied(deny('signature_invalid'));

/** The routes of those who report leaked keys. */
export const LEAK_ROUTES: readonly Described[] = [
  {
    method: 'POST',
    path: GITHUB,
    input: report,
    about: {
      id: 'reportLeaks',
      summary: 'Report tokens that were found in public; what becomes of a key says the policy of its environment',
      answers: { 200: verdicts },
      denials: ['not_in_force'],
      example: { input: examples.report, answer: examples.verdicts },
    },
  },
];

/** Reports of leaked keys, as the OpenAPI document shows them. */
export const LEAK_SECTION: Section = {
  tag: 'Leaked keys',
  description: 'For those who look for secrets in public. The signature of the body is all that lets them in.',
  base: '',
  routes: LEAK_ROUTES,
  guard: () => ['address_missing', 'ip_locked', 'signature_invalid', 'public_rate_limited', 'gate_unavailable'],
  repeats: false,
};

/** The route of GitHub's secret scanning, whose keys are published at `keysUrl`. */
export function leakRoutes(house: House, keysUrl: string): Hono<Kept> {
  const app = new Hono<Kept>();
  const keys = nothingPublished<ReporterKeys>();
  app.post(GITHUB, async (c) => {
    const work = answerTo(house, keys, keysUrl, c);
    // Who hangs up cancels nothing that was begun.
    c.executionCtx.waitUntil(work.then(undefined, () => undefined));
    return respond(house.policy, await work, c.env.requestId);
  });
  for (const [path, allow] of allowedMethods(LEAK_ROUTES)) {
    app.all(path, (c) => respond(house.policy, { kind: 'wrong_method', allow }, c.env.requestId));
  }
  return app;
}

/** Nothing is asked of anyone before the headers could hold, and nothing is looked up before the signature does. */
async function answerTo(
  house: House,
  keys: Published<ReporterKeys>,
  keysUrl: string,
  c: Context<Kept>,
): Promise<Answer> {
  const { edge, logger } = house;
  const back = { waitUntil: (work: Promise<unknown>) => c.executionCtx.waitUntil(work), alert: logger.alert };
  const source = addressKey(c.req.header('CF-Connecting-IP') ?? '');
  if (source === null) return denied(deny('address_missing'));
  const signature = readSignature(c.req.raw.headers);
  if (signature === null) return UNSIGNED;
  try {
    const often = await takeFor(edge, 'leaks', source, REPORTS_PER_MINUTE, 'public_rate_limited');
    if (often !== null) return denied(often);
  } catch {
    return denied(gateUnavailable(back, 'lockout'));
  }
  const body = await readBytes(c.req.raw, REPORT_BYTES).catch(() => new Uint8Array());
  if (body === null) return denied(TOO_LARGE);
  const nowMs = edge.clock.nowMs();
  switch (await checkSignature(keys, keysUrl, signature, body, nowMs)) {
    case 'invalid':
      return UNSIGNED;
    case 'unreachable':
      return denied(gateUnavailable(back, 'reporter_keys', {}, 2_000));
    case 'valid': {
      const read = readReport(body);
      if ('reason' in read) return denied(read);
      const actor = { name: REPORTER, address: source, requestId: c.env.requestId };
      return answerReport({ house, force: forceOf(house), actor, nowMs, back }, REPORTER, read);
    }
  }
}
