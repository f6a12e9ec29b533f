import { expect } from 'vitest';
import { compileFormat } from '../../src/credential/format.ts';
import { mintKey } from '../../src/credential/mint.ts';
import { findCredential } from '../../src/credential/parse.ts';
import { DENIAL_REASONS, type DenialReason, deny } from '../../src/decision/denial.ts';
import { renderDenial } from '../../src/decision/respond.ts';
import { compileRoles } from '../../src/decision/roles.ts';
import { standing, strike, unstruck } from '../../src/meter/lockout.ts';
import type { LockoutRule, Policy } from '../../src/policy/schema.ts';

/*
 * What a preset promises, as checks by the pure rooms: each is a test of the preset as it is, and is held against each
 * change of a single value of it (`mutations.ts`). What products do over HTTP is shown in `test/flow/products`.
 */

/** A check with its name. It throws where the policy does not keep it. */
export interface Promised {
  readonly name: string;
  readonly holds: (policy: Policy) => void;
}

type Rest = Omit<
  Policy,
  'preset' | 'key' | 'credential' | 'roles' | 'lockouts' | 'denials' | 'error' | 'environments' | 'cors' | 'control'
>;

/** What a product's keys and their use look like from outside, in the literal values of its documents. */
export interface Facts {
  readonly preset: string;
  /** What the keys of each environment look like, and how much of them is shown. */
  readonly keys: Readonly<Record<string, RegExp>>;
  readonly shown: RegExp;
  readonly environments: Policy['environments'];
  /** The samples of {@link CARRIERS} that carry a key. */
  readonly carriers: readonly (keyof typeof CARRIERS)[];
  /** What each role may call of all that any of them lists, as "GET /path". */
  readonly calls: Readonly<Record<string, readonly string[]>>;
  readonly powers: Readonly<Record<string, Pick<Policy['roles'][string], 'mints' | 'grants' | 'manages' | 'verifies'>>>;
  /** Attempts, their window, and the lock, in minutes. */
  readonly lockouts: Readonly<Record<'secret' | 'address', readonly [strikes: number, window: number, lock: number]>>;
  /** Everything else, as it is loaded. */
  readonly rest: Partial<Rest>;
}

const SECRET = 'a-secret';
/** Requests that carry a key in every way that a policy might accept. */
export const CARRIERS = {
  bearer: { authorization: `Bearer ${SECRET}` },
  bare: { authorization: SECRET },
  'x-api-key': { 'x-api-key': SECRET },
  websocket: { 'sec-websocket-protocol': `keystile-key.${SECRET}` },
} as const;

const MINUTE_MS = 60_000;

/** All promises of a preset; `wire` is how its refusals look on the wire, as {@link wireOf} tells. */
export function promisesOf(facts: Facts, wire: string): Promised[] {
  const { environments, powers, rest } = facts;
  const written = new Map(wire.split(/^(?=## )/m).map((text) => [/^## (.*)/.exec(text)?.[1], text]));
  return [
    { name: 'has its name', holds: ({ preset }) => expect(preset).toBe(facts.preset) },
    ...Object.entries(facts.keys).map(([environment, pattern]) => ({
      name: `a key of ${environment} looks like ${pattern.source}`,
      holds: (policy: Policy) => expect(keyOf(policy, environment)).toMatch(pattern),
    })),
    {
      name: `a list shows ${facts.shown.source} of a key`,
      holds: (policy) => {
        const { format } = compiled(policy);
        for (const environment of Object.keys(facts.keys)) {
          expect(format.visiblePrefix(keyOf(policy, environment), policy.key.visible_chars)).toMatch(facts.shown);
        }
      },
    },
    {
      name: `has the environments ${Object.keys(environments).join(', ')}`,
      holds: (policy) => expect(policy.environments).toEqual(environments),
    },
    {
      name: `finds a key as ${facts.carriers.join(', ')}`,
      holds: ({ credential }) => {
        const found = Object.entries(CARRIERS).filter(([, headers]) => {
          const each = findCredential(new Headers(headers), credential.places);
          return each.kind === 'found' && each.text === SECRET;
        });
        expect(found.map(([name]) => name)).toEqual(facts.carriers);
        expect(credential.places).toHaveLength(facts.carriers.length);
      },
    },
    ...callPromises(facts.calls),
    ...Object.entries(powers).map(([role, power]) => ({
      name: `what the role ${role} may give and manage`,
      holds: ({ roles }: Policy) => {
        const { mints, grants, manages, verifies } = roles[role] ?? {};
        expect({ mints, grants, manages, verifies }).toEqual(power);
      },
    })),
    {
      name: `has the roles ${Object.keys(powers).join(', ')}`,
      holds: ({ roles }) => expect(Object.keys(roles)).toEqual(Object.keys(powers)),
    },
    ...DENIAL_REASONS.map((reason) => ({
      name: `the refusal ${reason} looks as it is written down`,
      holds: (policy: Policy) => expect(refusalOf(policy, reason)).toBe(written.get(reason)),
    })),
    ...Object.entries(rest).map(([field, value]) => ({
      name: `${field} is as documented or decided`,
      holds: (policy: Policy) => expect(policy[field as keyof Rest]).toEqual(value),
    })),
    // The last, since it takes longest.
    ...(['secret', 'address'] as const).map((what) => lockoutPromise(what, facts.lockouts[what])),
  ];
}

/** Every refusal as it goes over the wire: status, headers that policies steer, and body. */
export function wireOf(policy: Policy): string {
  return DENIAL_REASONS.map((reason) => refusalOf(policy, reason)).join('');
}

function refusalOf(policy: Policy, reason: DenialReason): string {
  const denial = deny(reason, { retryAfterMs: 2_000, limits: ['minute', 'second'] });
  const { status, headers, body } = renderDenial(policy, denial, 'request-1');
  const told = ['content-type', 'retry-after', 'www-authenticate'].flatMap((name) =>
    headers[name] === undefined ? [] : [`${name}: ${headers[name]}`],
  );
  // The code is told in the log and by the doors also where the body has no place for it.
  return `${[`## ${reason}`, `${status} ${policy.denials[reason].code}`, ...told, body].join('\n')}\n\n`;
}

function compiled({ key, environments }: Policy) {
  const format = compileFormat(key.template, Object.keys(environments));
  if (!format.ok) throw new Error(format.problem);
  return format;
}

function keyOf(policy: Policy, environment: string): string {
  return mintKey(compiled(policy).format, environment, (n) => Uint8Array.from({ length: n }, (_, i) => (i * 97) % 251));
}

/** A call of a role that it may not make is one that another role may. */
function callPromises(calls: Facts['calls']): Promised[] {
  const all = [...new Set(Object.values(calls).flat())];
  return Object.entries(calls).map(([role, may]) => ({
    name: `what the role ${role} may call`,
    holds: (policy) => {
      const permits = compileRoles(policy);
      const permitted = all.filter((call) => {
        const [method = '', path = ''] = call.split(' ');
        return permits(role, method, path);
      });
      expect(permitted).toEqual(all.filter((call) => may.includes(call)));
    },
  }));
}

function lockoutPromise(
  what: 'secret' | 'address',
  [strikes, window, lock]: readonly [number, number, number],
): Promised {
  const during = (rule: LockoutRule, spreadMs: number) => {
    const state = unstruck();
    let early = 0;
    for (let n = 0; n < strikes; n++) {
      if (state.lockedUntilMs !== 0) early++;
      const atMs = 1 + (n * spreadMs) / (strikes - 1);
      strike(state, { strikes: rule.strikes, windowMs: rule.window, lockMs: rule.lock }, atMs);
    }
    expect(early).toBe(0);
    return state;
  };
  return {
    name: `${strikes} attempts within ${window} minutes lock the ${what} for ${lock} minutes`,
    holds: ({ lockouts }) => {
      const rule = lockouts[what];
      const lastMs = 1 + window * MINUTE_MS - 1;
      const locked = during(rule, window * MINUTE_MS - 1);
      expect(standing(locked, lastMs + lock * MINUTE_MS - 1, rule.window)).toBe('locked');
      expect(standing(locked, lastMs + lock * MINUTE_MS, rule.window)).not.toBe('locked');
      expect(during(rule, window * MINUTE_MS + 1).lockedUntilMs).toBe(0);
    },
  };
}
