import { disableEndpoint, settleDelivered, settleFailed } from '../registry/attempts.ts';
import { type Claimed, claim } from '../registry/deliveries.ts';
import { type EventSource, readEvents } from '../registry/events.ts';
import type { Courier } from './courier.ts';
import { isDeadLetters, noteDead } from './dead.ts';
import { deliver, type Sent, type Signed } from './deliver.ts';
import { dispatch } from './dispatch.ts';
import { hideSecrets } from './hide.ts';
import { payloadOf } from './payload.ts';
import { type EventMessage, wakeQueue } from './queue.ts';
import { endpointPausesMs, nextAttemptAtMs, readRetryAfter } from './retry.ts';
import type { Seal } from './seal.ts';
import { sign } from './sign.ts';

/** Beyond the time for an answer: what reading and recording may take, before an attempt is taken for lost. */
const SLACK_MS = 15_000;
/** A pause below the shortest delay that a queue has is waited out here; one that is longer than that is the cron's. */
const SHORT_MS = 1_000;
const LONG_MS = 60_000;
/** How long a batch that failed waits, for each time that it has. */
const BACK_OFF_SECONDS = 2;

/**
 * Takes a batch of the queue: begins its attempts, and hands over what is due. The attempts themselves go on in the
 * background, so that no slow endpoint holds up the queue. Never throws: a batch that fails comes again.
 */
export async function consumeEvents(
  courier: Courier,
  batch: MessageBatch<EventMessage>,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<void> {
  try {
    if (isDeadLetters(batch.queue)) return await noteDead(courier, batch);
    const { seal } = courier;
    if (seal === null) return;
    const bodies = batch.messages.map(({ body }) => body);
    const attempts = bodies.flatMap((body) => (body.kind === 'deliver' ? [body] : []));
    const claimed = await claim(courier.db, attempts, courier.nowMs(), courier.rules.timeout + SLACK_MS);
    if (claimed.length > 0) waitUntil(makeAttempts({ ...courier, seal }, claimed).catch(() => undefined));
    if (attempts.length < bodies.length) await dispatch(courier);
  } catch {
    const times = Math.max(...batch.messages.map((message) => message.attempts));
    batch.retryAll({ delaySeconds: times * BACK_OFF_SECONDS });
  }
}

/** A courier that can sign. */
type Signer = Courier & { readonly seal: Seal };

/** Makes attempts side by side; as each one ends, what has waited for it goes on. */
async function makeAttempts(courier: Signer, claimed: readonly Claimed[]): Promise<void> {
  const ids = claimed.map(({ event }) => event);
  const events = await readEvents(courier.db, ids);
  const goOn = oneAtATime(() => dispatch(courier));
  await Promise.all(
    claimed.map(async (each) => {
      const event = events.get(each.event);
      // What cannot be recorded is due again when its time is over.
      const nextAtMs = event && (await attempt(courier, each, event).catch(() => undefined));
      if (nextAtMs !== undefined) await wakeAt(courier, nextAtMs, goOn);
    }),
  );
}

/** Makes an attempt and records it. Returns when something may go on by it; now, if it went through. */
async function attempt(courier: Signer, claimed: Claimed, event: EventSource): Promise<number> {
  const { db, rules, nowMs, redact } = courier;
  const signed = await signedRequest(courier, claimed, event).catch(() => null);
  const sent =
    signed === null ? notSigned(claimed.url, nowMs()) : hideSecrets(await deliver(signed, rules, nowMs), redact);
  const now = nowMs();
  if (sent.ok) {
    await settleDelivered(db, claimed, sent, now);
    return now;
  }
  return settleFailure(courier, claimed, sent, now);
}

/** Records a failure. Returns when the delivery and its endpoint go on, or if that is far ahead when the endpoint does. */
async function settleFailure({ db, rules }: Courier, claimed: Claimed, sent: Sent, now: number): Promise<number> {
  const { endpoint, failures } = claimed;
  const notBeforeMs = readRetryAfter(sent.response?.headers['retry-after'] ?? null, now);
  const attemptAtMs = nextAttemptAtMs(rules.retries, failures + 1, notBeforeMs, Math.random(), now);
  const quietMs = 2 * Math.max(...rules.retries);
  const next = { attemptAtMs, pausesMs: endpointPausesMs(rules.retries), notBeforeMs, quietMs };
  const state = await settleFailed(db, claimed, sent, next, now);
  if (state === null) return now;
  const { failingSinceAtMs, resumesAtMs } = state;
  if (sent.status === 410) await disableEndpoint(db, endpoint, 'gone', now);
  else if (now - failingSinceAtMs >= rules.disable_after) await disableEndpoint(db, endpoint, 'failing', now);
  const bothAtMs = Math.max(resumesAtMs, attemptAtMs ?? 0);
  return bothAtMs - now > LONG_MS ? resumesAtMs : bothAtMs;
}

/** The request of an attempt. Every attempt of an event has the same id and the same body. */
async function signedRequest({ seal, nowMs }: Signer, { url, secrets }: Claimed, event: EventSource): Promise<Signed> {
  const payload = payloadOf(event);
  const body = JSON.stringify(payload);
  const read = await Promise.allSettled(secrets.map(({ id, sealed, keyVersion }) => seal.open(sealed, keyVersion, id)));
  const opened = read.flatMap((secret) => (secret.status === 'fulfilled' ? [secret.value] : []));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Keystile-Webhooks/1',
    ...sign(payload.id, nowMs(), body, opened),
  };
  return { url, headers, body };
}

/** What is recorded where no secret could be read: as other failures, so that its owner sees it and it is tried again. */
function notSigned(url: string, atMs: number): Sent {
  const request = { url, headers: {}, body: '' };
  return { ok: false, atMs, durationMs: 0, status: null, error: 'not_signed', request, response: null };
}

/** Has what is due looked for at a time: soon by itself, later by the queue, and what is far ahead by the cron. */
async function wakeAt({ queue, nowMs }: Courier, atMs: number, goOn: () => Promise<unknown>): Promise<void> {
  const pauseMs = atMs - nowMs();
  if (pauseMs > LONG_MS) return;
  if (pauseMs >= SHORT_MS) return wakeQueue(queue, Math.ceil(pauseMs / 1_000));
  if (pauseMs > 0) await scheduler.wait(pauseMs);
  await goOn();
}

/** Runs `work` when called; calls that come while it runs are answered together by one more run. Never throws. */
function oneAtATime(work: () => Promise<unknown>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let isAskedAgain = false;
  const run = async () => {
    do {
      isAskedAgain = false;
      await work().catch(() => undefined);
    } while (isAskedAgain);
    running = null;
  };
  return () => {
    isAskedAgain = true;
    running ??= run();
    return running;
  };
}
