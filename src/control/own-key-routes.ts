import { type Context, Hono } from 'hono';
import { deny } from '../decision/denial.ts';
import type { KeyRecord } from '../decision/record.ts';
import type { House } from '../env.ts';
import { setAll } from '../gateway/headers.ts';
import { graceHeaders } from '../gateway/identity.ts';
import { denied, respond } from './answer.ts';
import { guardHolder, guardOwnKey, type OwnKeyDesk } from './guards/own-key.ts';
import { invalid, nothing } from './input.ts';
import { keyUsageQuery } from './inputs/ledger.ts';
import { rotation } from './inputs/rotation.ts';
import { revokeOwnKey, rotateOwnKey, showOwnKey, showOwnUsage } from './keys/own-key.ts';
import { allowedMethods, type Route, route } from './route.ts';
import { type Kept, serve } from './serve.ts';
import * as ledger from './shapes/ledger.ts';
import * as shape from './shapes/rotation.ts';

/** Where a key asks about itself. */
export const OWN_KEY = '/api/v1/keys/apikey';
const ROTATE = '/rotate';
/** For whoever holds a secret, as {@link guardHolder} says. */
export const REVOKE = '/revoke';

/** All that a key may ask for itself, below {@link OWN_KEY}. Nothing of it counts against its limits. */
export const OWN_KEY_ROUTES: readonly Route<OwnKeyDesk>[] = [
  route(
    'GET',
    '',
    nothing,
    {
      id: 'showOwnKey',
      summary: 'The key that is sent: what it is, and what is left of its limits',
      answers: { 200: shape.ownKey },
      example: { answer: shape.examples.ownKey },
    },
    showOwnKey,
  ),
  route(
    'GET',
    '/usage',
    keyUsageQuery,
    {
      id: 'showOwnKeyUsage',
      summary: 'What the requests of the key that is sent came to, by hour or by day',
      answers: { 200: ledger.usage },
      example: { input: { by: 'hour' }, answer: ledger.examples.usage },
    },
    showOwnUsage,
  ),
  route(
    'POST',
    ROTATE,
    rotation,
    {
      id: 'rotateOwnKey',
      summary: 'Rotate the key that is sent; its new secret is shown once, here',
      answers: { 200: shape.rotatedKey },
      denials: ['trial_rotation', 'rotation_refused', 'conflict', 'not_in_force'],
      unsettled: shape.rotatedKey,
      example: { input: { grace_seconds: 3_600 }, answer: shape.examples.rotatedKey },
    },
    rotateOwnKey,
  ),
  route(
    'POST',
    REVOKE,
    nothing,
    {
      id: 'revokeOwnKey',
      summary: 'Revoke the key whose secret is sent, for good: whatever its state, its role and its addresses',
      answers: { 204: null },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: {},
    },
    revokeOwnKey,
  ),
];

/**
 * Whoever has an old secret and knows the `Idempotency-Key` of its rotation can have the new one repeated. So it must
 * be one that nobody guesses: as many characters as 128 random bits take.
 */
const SHORTEST_REPEAT = 22;

/** The routes of a key itself, each behind the guard that judges it. */
export function ownKeyRoutes(house: House): Hono<Kept> {
  const app = new Hono<Kept>();
  for (const each of OWN_KEY_ROUTES) {
    app.on(each.method, OWN_KEY + each.path, async (c) => {
      const known: { record?: KeyRecord | undefined } = {};
      const response = await serve(house, each, c, async () => {
        const judge = each.path === REVOKE ? guardHolder : guardOwnKey;
        const guarded = await judge(house, requestOf(c, each), backOf(house, c));
        const { record } = guarded;
        known.record = record;
        // Told before anything is kept for an `Idempotency-Key`: anyone has as many trial keys as they like.
        const isForTrial = each.path === ROTATE && record?.environment === house.policy.trial.environment;
        if (isForTrial && (guarded.ok || guarded.denial.reason === 'role_forbidden')) return { refusal: NO_TRIAL };
        if (!guarded.ok) return { refusal: denied(guarded.denial) };
        if (isGuessable(c, each)) return { refusal: denied(GUESSABLE) };
        const { presented, facts } = guarded;
        const actor = { name: `key:${guarded.record.keyId}`, address: facts.source, requestId: c.env.requestId };
        return { asker: { actor, record: guarded.record, presented, facts } };
      });
      if (known.record !== undefined) setAll(response.headers, graceHeaders(known.record));
      return response;
    });
  }
  for (const [path, allow] of allowedMethods(OWN_KEY_ROUTES)) {
    app.all(OWN_KEY + path, (c) => respond(house.policy, { kind: 'wrong_method', allow }, c.env.requestId));
  }
  return app;
}

function requestOf(c: Context<Kept>, { path }: Route<OwnKeyDesk>) {
  const address = c.req.header('CF-Connecting-IP') ?? null;
  return { method: c.req.method, path: OWN_KEY + path, address, headers: c.req.raw.headers };
}

function backOf({ logger }: House, c: Context<Kept>) {
  return { waitUntil: (work: Promise<unknown>) => c.executionCtx.waitUntil(work), alert: logger.alert };
}

/** That a trial key has nothing to rotate for is told rather than what its role lacks. */
const NO_TRIAL = denied(deny('trial_rotation'));

const GUESSABLE = invalid(
  'Idempotency-Key',
  `expected at least ${SHORTEST_REPEAT} random characters, like a UUID`,
).denial;

function isGuessable(c: Context<Kept>, { path }: Route<OwnKeyDesk>): boolean {
  const key = c.req.header('Idempotency-Key');
  return path === ROTATE && key !== undefined && key.length < SHORTEST_REPEAT;
}
