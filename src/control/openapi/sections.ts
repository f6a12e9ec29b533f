import type { DenialReason } from '../../decision/denial.ts';
import type { AdminAccess } from '../../env.ts';
import { VERIFY_ROUTE } from '../doors/routes.ts';
import { OWN_KEY, OWN_KEY_ROUTES, REVOKE } from '../own-key-routes.ts';
import { ADMIN_ROUTES } from '../routes.ts';
import { examples, health } from '../shapes/operations.ts';
import { LOGOUT, USER, USER_ROUTES } from '../user-routes.ts';
import type { Described, Section } from './section.ts';

const HEALTH = '/healthz';
const ADMIN = '/admin/v1';

/** Where a route stands that tells whether the gateway answers. */
export const HEALTH_SECTION: Section = {
  tag: 'Gateway',
  description: 'Whether it answers.',
  base: '',
  routes: [
    {
      method: 'GET',
      path: HEALTH,
      input: null,
      about: {
        id: 'showHealth',
        summary: 'The gateway answers; no store is asked',
        answers: { 200: health },
        example: { answer: examples.health },
      },
    },
  ],
  guard: () => [],
  repeats: false,
};

/** Why who holds a secret may be refused, and why a key beside that where it is judged as for any other call. */
const HOLDER: readonly DenialReason[] = [
  'address_missing',
  'ip_locked',
  'secret_locked',
  'missing_credential',
  'malformed',
  'unknown',
  'grace_ended',
  'public_rate_limited',
  'gate_unavailable',
];
const JUDGED: readonly DenialReason[] = [
  'revoked',
  'inactive',
  'expired',
  'account_suspended',
  'role_forbidden',
  'address_forbidden',
];

/** What a key may ask for itself. */
export const OWN_KEY_SECTION: Section = {
  tag: 'A key itself',
  description: 'What a key asks for itself, by itself. Nothing of it counts against its limits.',
  base: OWN_KEY,
  routes: OWN_KEY_ROUTES,
  guard: ({ path }) => (path === REVOKE ? HOLDER : [...HOLDER, ...JUDGED]),
  repeats: true,
};

/** What services that proxy by themselves ask. The doors for nginx and Envoy are for those alone. */
export const DOOR_SECTION: Section = {
  tag: 'Services',
  description: 'For services that proxy by themselves, with a service key.',
  base: '',
  routes: [VERIFY_ROUTE],
  guard: () => [...HOLDER.filter((reason) => reason !== 'public_rate_limited'), ...JUDGED],
  repeats: false,
};

const SESSION: readonly DenialReason[] = [
  'address_missing',
  'ip_locked',
  'session_missing',
  'session_invalid',
  'session_expired',
  'gate_unavailable',
];
const MEMBER: readonly DenialReason[] = [
  ...SESSION,
  'membership_missing',
  'not_found',
  'role_forbidden',
  'not_in_force',
];

/** The customers' routes. */
export const USER_SECTION: Section = {
  tag: 'Customers',
  description:
    'What customers do by themselves, with a session of the sign-in. What stands below `/api/v1/user/api-keys` stands below `/api/v1/api-keys` too.',
  base: USER,
  routes: [...USER_ROUTES, LOGOUT],
  guard: (route) => {
    if (route === LOGOUT) return SESSION;
    return writes(route) ? [...MEMBER, 'account_suspended'] : MEMBER;
  },
  repeats: true,
};

/** The operators' routes, as this gateway guards them. */
export function adminSection({ access }: AdminAccess): Section {
  const always: readonly DenialReason[] = [
    'address_missing',
    'ip_locked',
    'admin_missing',
    'admin_invalid',
    ...(access === null ? [] : (['session_expired'] as const)),
    'gate_unavailable',
  ];
  return {
    tag: 'Operators',
    description: 'For those who run the gateway, with an admin token.',
    base: ADMIN,
    routes: ADMIN_ROUTES,
    guard: (route) => (writes(route) ? [...always, 'admin_forbidden'] : always),
    repeats: true,
  };
}

function writes({ method }: Described): boolean {
  return method !== 'GET';
}
