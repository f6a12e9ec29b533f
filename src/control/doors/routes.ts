import { type Context, Hono } from 'hono';
import { deny } from '../../decision/denial.ts';
import { messageOf } from '../../decision/respond.ts';
import type { House } from '../../env.ts';
import type { Background } from '../../gateway/ask.ts';
import { type Asked, type Verdict, verify } from '../../gateway/verify.ts';
import type { CredentialPlace } from '../../policy/schema.ts';
import { type Answer, denied, json, respond } from '../answer.ts';
import { readJson } from '../body.ts';
import { BESIDE_A_KEY, guardServiceKey } from '../guards/service-key.ts';
import { type Checked, check } from '../input.ts';
import { question } from '../inputs/doors.ts';
import type { Described } from '../openapi/section.ts';
import * as shape from '../shapes/doors.ts';
import { decideOn } from './doors.ts';
import { ENVOY, envoyAnswer, envoyAsks } from './envoy.ts';
import { NGINX, nginxAnswer, nginxAsks } from './nginx.ts';
import { VERIFY } from './question.ts';

/** The paths of the doors. */
export const DOORS = [VERIFY, NGINX, ENVOY] as const;

/** What services ask, of which there is a document. */
export const VERIFY_ROUTE: Described = {
  method: 'POST',
  path: VERIFY,
  input: question,
  about: {
    id: 'verifyKey',
    summary: 'Whether a request with this key may pass; it counts as one that the gateway forwards',
    answers: { 200: shape.decision },
    example: { input: shape.examples.question, answer: shape.examples.decision },
  },
};

/** `isRecorded`: what was asked stands in an account's log, or was told of otherwise, and needs no line of its own. */
export interface DoorEnv {
  Bindings: { requestId: string; isRecorded: boolean };
}

type Door = Context<DoorEnv>;

/** The doors beside the proxy, each behind a service key. */
export function doorRoutes(house: House): Hono<DoorEnv> {
  const app = new Hono<DoorEnv>();
  const { policy } = house;
  const answer = (c: Door, given: Answer) => respond(policy, given, c.env.requestId);

  app.post(VERIFY, async (c) => {
    const back = backOf(house, c);
    const denial = await guard(house, c, VERIFY, back);
    if (denial !== null) return answer(c, denied(denial));
    const body = await readJson(c.req.raw);
    if (!body.ok) return answer(c, denied(body.denial));
    const checked = check(question, body.value);
    if (!checked.ok) return answer(c, denied(checked.denial));
    return answer(c, json(await kept(c, decideOn(house, checked.value, c.env.requestId, back))));
  });
  app.all(VERIFY, (c) => answer(c, { kind: 'wrong_method', allow: ['POST'] }));

  const proxied =
    (path: string, asks: Asks, answers: (house: House, asked: Asked, verdict: Verdict, sent: Headers) => Response) =>
    async (c: Door): Promise<Response> => {
      const back = backOf(house, c);
      const denial = await guard(house, c, path, back, BESIDE_A_KEY);
      if (denial !== null) {
        const detail = `the service key: ${denial.detail ?? messageOf(policy, denial)}`;
        const refusal = answer(c, denied({ ...denial, detail }));
        // A proxy hands a challenge on to its client, whose key is not the one that is wrong.
        refusal.headers.delete('www-authenticate');
        return refusal;
      }
      const asked = asks(house, c.req.raw, c.env.requestId);
      if (!asked.ok) return answer(c, denied(asked.denial));
      return answers(house, asked.value, await kept(c, verify(house, asked.value, back)), c.req.raw.headers);
    };
  app.all(NGINX, proxied(NGINX, nginxAsks, nginxAnswer));
  app.all(`${ENVOY}/*`, proxied(ENVOY, envoyAsks, envoyAnswer));
  for (const path of DOORS) app.all(`${path}/*`, (c) => answer(c, denied(deny('not_found'))));
  return app;
}

type Asks = (house: House, request: Request, requestId: string) => Checked<Asked>;

/** What is begun is ended, also where the caller hangs up: it may have taken a permit, and is to be recorded. */
function kept<T>(c: Door, work: Promise<T>): Promise<T> {
  c.env.isRecorded = true;
  c.executionCtx.waitUntil(work.catch(() => undefined));
  return work;
}

function guard(house: House, c: Door, path: string, back: Background, places?: readonly CredentialPlace[]) {
  const { method, headers } = c.req.raw;
  const address = headers.get('cf-connecting-ip');
  return guardServiceKey(house, { method, path, address, headers }, back, places);
}

function backOf({ logger }: House, c: Door): Background {
  return { waitUntil: (work) => c.executionCtx.waitUntil(work), alert: logger.alert };
}
