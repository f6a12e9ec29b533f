import { waitUntil } from 'cloudflare:workers';
import { type AdminTokens, parseAdminTokens } from './control/guards/tokens.ts';
import { openAdoption, type Verifier } from './control/imports/adopt.ts';
import { parsePeppers } from './credential/digest.ts';
import { compileFormat, withLegacy } from './credential/format.ts';
import { redact, redactLegacy } from './credential/redact.ts';
import type { Courier } from './events/courier.ts';
import { type EventQueue, wakeQueue } from './events/queue.ts';
import { openSeal, parseSealKeys } from './events/seal.ts';
import { type Assertions, openAssertions } from './gateway/assertion.ts';
import { type ParsedAssertionKeys, parseAssertionKeys } from './gateway/assertion-keys.ts';
import { type CompiledCors, compileCors } from './gateway/cors.ts';
import { openCounters } from './gateway/counters.ts';
import { type Delivery, openDelivery } from './gateway/delivery.ts';
import { type Edge, openEdge } from './gateway/edge.ts';
import { creditTermsOf } from './gateway/limits.ts';
import { type Logger, openLogger } from './gateway/record.ts';
import { compileRoutes, fillIn, type Routes } from './gateway/routes.ts';
import { openTelling, type Telling } from './gateway/telling.ts';
import type { AccountLedger } from './objects/account-ledger.ts';
import { callObject } from './objects/call.ts';
import type { KeyGate } from './objects/key-gate.ts';
import type { Lockout } from './objects/lockout.ts';
import { BOARD, type BoardCalls, type MetricsBoard } from './objects/metrics-board.ts';
import { loadPolicy } from './policy/load.ts';
import type { Policy } from './policy/schema.ts';

/** The Worker's bindings, variables and secrets, as `wrangler.toml` and `wrangler secret put` set them. */
export interface Env {
  readonly DB: D1Database;
  readonly KEYS: KVNamespace;
  readonly KEY_GATE: DurableObjectNamespace<KeyGate>;
  readonly LOCKOUT: DurableObjectNamespace<Lockout>;
  readonly LEDGER: DurableObjectNamespace<AccountLedger>;
  readonly METRICS: DurableObjectNamespace<MetricsBoard>;
  readonly EVENTS: EventQueue;
  /** Overrides of the preset: a table, or JSON text. */
  readonly POLICY?: unknown;
  /** `version:hex,…`, the current pepper first. */
  readonly PEPPERS?: string;
  /** `name:base64,…`, the key that signs first; read where the policy asks for assertions. */
  readonly ASSERTION_KEYS?: string;
  /** `version:hex,…`, each of 32 bytes, the current key first: under it the secrets of webhook endpoints are sealed. */
  readonly WEBHOOK_KEYS?: string;
  /** `name=token` or `name:read=token`, separated by commas; see `control/guards/tokens.ts`. */
  readonly ADMIN_TOKEN?: string;
  /** Cloudflare Access in front of the admin routes: its team domain and the application's audience. */
  readonly ACCESS_TEAM_DOMAIN?: string;
  readonly ACCESS_AUDIENCE?: string;
}

/** Who may use the admin routes; with neither the routes do not exist. */
export interface AdminAccess {
  readonly tokens: AdminTokens;
  readonly access: { readonly teamDomain: string; readonly audience: string } | null;
}

/** Configuration and isolate state, resolved once per isolate. */
export interface House {
  readonly env: Env;
  readonly policy: Policy;
  readonly policyDigest: string;
  readonly edge: Edge;
  readonly routes: Routes;
  readonly cors: CompiledCors | null;
  /** Null: none are made. */
  readonly assertions: Assertions | null;
  readonly courier: Courier;
  /** Lets events go out, in the background. */
  readonly wake: () => void;
  readonly admin: AdminAccess;
  readonly logger: Logger;
  readonly delivery: Delivery;
  readonly board: () => BoardCalls;
}

/** The house, or every reason why there is none: each names its field. Secrets are never part of a problem. */
export type Setup =
  | { readonly ok: true; readonly house: House }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Resolves the configuration. `readClock` is the isolate's clock, in ms. */
export function setUp(env: Env, readClock: () => number): Setup {
  const loaded = loadPolicy(env.POLICY);
  const peppers = parsePeppers(env.PEPPERS);
  const tokens = parseAdminTokens(env.ADMIN_TOKEN);
  const access = accessOf(env);
  const signing = assertionKeysOf(loaded.ok ? loaded.policy : null, env);
  const sealing = parseSealKeys(env.WEBHOOK_KEYS);
  const problems = [
    ...(loaded.ok ? [] : loaded.problems),
    ...[peppers, tokens, access, signing, sealing].flatMap((parsed) => (parsed.ok ? [] : [parsed.problem])),
  ];
  if (!loaded.ok || !peppers.ok || !tokens.ok || !access.ok || !signing.ok || !sealing.ok) {
    return { ok: false, problems };
  }
  const { policy, digest } = loaded;
  const compiled = compileFormat(policy.key.template, Object.keys(policy.environments));
  if (!compiled.ok) return { ok: false, problems: [compiled.problem] };
  const routes = compileRoutes(policy.upstreams, env as unknown as Record<string, unknown>);
  if (!routes.ok) return { ok: false, problems: routes.problems };
  const format = withLegacy(compiled.format, policy.legacy.formats);
  const { DB: db, KEYS: kv, KEY_GATE: gates, LOCKOUT: lockouts, LEDGER: ledgers } = env;
  const board = () => env.METRICS.getByName(BOARD) as unknown as BoardCalls;
  const telling = openTelling((notes) => callObject(() => board().tell(notes)), readClock, waitUntil);
  const counters = openCounters((values) => Promise.all([board().add(values), telling.retry()]));
  const verifier = verifierOf(policy, env);
  if ('problems' in verifier) return { ok: false, problems: verifier.problems };
  const adopt = openAdoption(verifier.verifier);
  const parts = {
    policy,
    format,
    adopt,
    db,
    kv,
    peppers: peppers.peppers,
    gates,
    lockouts,
    ledgers,
    readClock,
    counters,
  };
  const edge = openEdge(parts);
  const logger = toldToo(openLogger(format, digest, readClock), telling);
  const retention = { ageMs: policy.log.retention, bytes: policy.log.max_bytes };
  const delivery = openDelivery({
    send(to, batch) {
      const terms = { retention, anchorMs: to.billingAnchorMs, credits: creditTermsOf(to, policy) };
      return edge.ledger(to.accountId).record(batch, terms);
    },
    redact: (text) => redact(text, format),
    isolateId: crypto.randomUUID(),
    counters,
    alert: logger.alert,
    nowMs: edge.clock.nowMs,
  });
  const admin = { tokens: tokens.tokens, access: access.access };
  const cors = compileCors(policy.cors);
  const { assertion } = policy;
  const assertions =
    assertion === null || signing.keys === null ? null : openAssertions(assertion, signing.keys, edge.clock.nowMs);
  const courier = {
    db: env.DB,
    queue: env.EVENTS,
    seal: sealing.keys === null ? null : openSeal(sealing.keys),
    rules: { ...policy.webhooks, ownHosts: ownHostsOf(policy) },
    nowMs: edge.clock.nowMs,
    redact: (text: string) => redactLegacy(redact(text, format), format.legacy),
  };
  const wake = () => wakeQueue(env.EVENTS);
  const made = { edge, routes: routes.routes, cors, assertions, courier, wake, admin, logger, delivery, board };
  return { ok: true, house: { env, policy, policyDigest: digest, ...made } };
}

/** The same logger, of whose alerts the operator's endpoints are told too. */
function toldToo(logger: Logger, telling: Telling): Logger {
  return {
    ...logger,
    alert(event, about) {
      logger.alert(event, about);
      telling.alert(event, about);
    },
  };
}

/** A secret that the policy has no use for is not looked at: it may be put in place before the policy asks for it. */
function assertionKeysOf(policy: Policy | null, env: Env): ParsedAssertionKeys | { ok: true; keys: null } {
  return policy === null || policy.assertion === null
    ? { ok: true, keys: null }
    : parseAssertionKeys(env.ASSERTION_KEYS);
}

/** Who is asked about keys of an older system; null: nobody. */
function verifierOf({ legacy }: Policy, env: Env): { verifier: Verifier | null } | { problems: readonly string[] } {
  if (legacy.verifier === null) return { verifier: null };
  const { url, timeout: timeoutMs, headers } = legacy.verifier;
  const problems: string[] = [];
  const filled = Object.entries(headers).map(([name, template]) => {
    const report = (problem: string) => problems.push(`policy.legacy.verifier.headers.${name}: ${problem}`);
    return [name, fillIn(template, env as unknown as Record<string, unknown>, report)] as const;
  });
  return problems.length > 0 ? { problems } : { verifier: { url, timeoutMs, headers: filled } };
}

/** Access needs both of its variables; one alone would leave the operator believing in a door that is not there. */
function accessOf(env: Env): { ok: true; access: AdminAccess['access'] } | { ok: false; problem: string } {
  const { ACCESS_TEAM_DOMAIN: teamDomain, ACCESS_AUDIENCE: audience } = env;
  if (!teamDomain && !audience) return { ok: true, access: null };
  if (teamDomain && audience) return { ok: true, access: { teamDomain, audience } };
  return { ok: false, problem: 'ACCESS_TEAM_DOMAIN and ACCESS_AUDIENCE: expected both or neither' };
}

/** The hosts of the gateway and of what stands behind it, as far as the policy names them. */
function ownHostsOf({ upstreams, control, legacy }: Policy): string[] {
  const urls = [
    ...upstreams.flatMap(({ origins }) => origins.flatMap((origin) => ('url' in origin ? [origin.url] : []))),
    ...(legacy.verifier === null ? [] : [legacy.verifier.url]),
  ];
  const hosts = urls.map((url) => new URL(url).hostname);
  return control.host === null ? hosts : [...hosts, control.host.toLowerCase()];
}
