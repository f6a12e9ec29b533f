import { compileFormat } from '../credential/format.ts';
import { BODY_PLACEHOLDERS, MESSAGE_PLACEHOLDERS } from '../decision/respond.ts';
import type { BodyTemplate, Policy } from './schema.ts';

/** What a secret must hold at least, so that it cannot be guessed; a checksum counts for nothing here. */
const MIN_SECRET_BITS = 120;
/** What a visible prefix leaves out of a secret of a legacy format. */
const MIN_HIDDEN_CHARS = 8;
const TRIAL_PLACEHOLDERS = ['minutes', 'operations'] as const;

/** What one field alone cannot tell: references between fields, and texts that are compiled. Empty: all is well. */
export function crossCheck(policy: Policy): string[] {
  return [
    ...formatProblems(policy),
    ...legacyProblems(policy),
    ...referenceProblems(policy),
    ...upstreamProblems(policy),
    ...verifierProblems(policy),
    ...textProblems(policy),
    ...rateProblems(policy),
    ...webhookProblems(policy),
  ];
}

/** What is forgotten before its last attempt would be lost. The pauses may be a tenth longer than they are. */
function webhookProblems({ webhooks: { keep, retries } }: Policy): string[] {
  const neededMs = 1.1 * retries.reduce((sum, pauseMs) => sum + pauseMs, 0);
  if (keep >= neededMs) return [];
  return [`policy.webhooks.keep: expected at least ${Math.ceil(neededMs / 3_600_000)}h, what all of retries may take`];
}

function formatProblems({ key, environments }: Policy): string[] {
  const compiled = compileFormat(key.template, Object.keys(environments));
  if (!compiled.ok) return [`policy.key.template: ${compiled.problem}`];
  const bits = Math.floor(compiled.format.secretBits);
  if (bits >= MIN_SECRET_BITS) return [];
  return [`policy.key.template: holds ${bits} bits of secret, expected at least ${MIN_SECRET_BITS}`];
}

function legacyProblems({ legacy, environments, trial }: Policy): string[] {
  const { formats, verifier } = legacy;
  const names = formats.map(({ name }) => name);
  const looks = formats.map((format) =>
    JSON.stringify([format.prefix, format.charset, format.min_length, format.max_length]),
  );
  const problems = formats.flatMap((format, i) => {
    const at = `legacy.formats[${i}]`;
    const { environment, min_length: least, max_length: most, visible_chars: visible } = format;
    const isTrial = trial.enabled && environment === trial.environment;
    return [
      names.indexOf(format.name) === i ? null : `policy.${at}.name: "${format.name}" is taken`,
      looks.indexOf(looks[i] as string) === i ? null : `policy.${at}: is the same as another one`,
      least <= most ? null : `policy.${at}.min_length: expected at most max_length, ${most}`,
      visible <= least - MIN_HIDDEN_CHARS
        ? null
        : `policy.${at}.visible_chars: expected at most ${least - MIN_HIDDEN_CHARS}, so that ${MIN_HIDDEN_CHARS} of min_length stay hidden`,
      missing(`${at}.environment`, environment, environments, 'environment'),
      isTrial ? `policy.${at}.environment: "${environment}" is for trial keys` : null,
    ].filter((problem) => problem !== null);
  });
  if (verifier === null || formats.length > 0) return problems;
  return [...problems, 'policy.legacy.verifier: needs policy.legacy.formats, whose secrets alone it is asked about'];
}

function referenceProblems(policy: Policy): string[] {
  const { environments, roles, plans, keys, trial } = policy;
  const problems = [
    missing('keys.default_role', keys.default_role, roles, 'role'),
    missing('default_plan', policy.default_plan, plans, 'plan'),
    missing('members.first_role', policy.members.first_role, roles, 'role'),
    missing('members.default_role', policy.members.default_role, roles, 'role'),
    ...claimProblems(policy),
    ...Object.entries(policy.session?.roles ?? {}).map(([value, role]) =>
      missing(`session.roles.${value}`, role, roles, 'role'),
    ),
    ...Object.entries(roles).flatMap(([name, { mints, grants }]) => [
      ...mints.map((each, i) => missing(`roles.${name}.mints[${i}]`, each, environments, 'environment')),
      ...grants.map((each, i) => missing(`roles.${name}.grants[${i}]`, each, roles, 'role')),
    ]),
  ];
  if (trial.enabled) {
    problems.push(missing('trial.role', trial.role, roles, 'role'));
    problems.push(missing('trial.environment', trial.environment, environments, 'environment'));
  }
  if (Object.keys(environments).length === 0) problems.push('policy.environments: expected at least one');
  return problems.filter((problem) => problem !== null);
}

/**
 * Who verifies asks about all keys of all accounts, so no such role may come to whoever likes: neither by itself, nor
 * by roles that give others on, to keys and to members.
 */
function verifierProblems({ roles, trial, members }: Policy): string[] {
  const open: Record<string, string> = {
    ...(trial.enabled && { 'trial.role': trial.role }),
    ...(members.join === 'sign_in' && {
      'members.first_role': members.first_role,
      'members.default_role': members.default_role,
    }),
  };
  const own = Object.entries(open)
    .filter(([, role]) => roles[role]?.verifies === true)
    .map(([field, role]) => `policy.${field}: "${role}" verifies, and this is a role that anyone may get`);
  const gettable = new Set(members.join === 'sign_in' ? [members.first_role, members.default_role] : []);
  // It grows while it is gone through.
  for (const role of gettable) for (const given of roles[role]?.grants ?? []) gettable.add(given);
  const given = [...gettable].flatMap((giver) =>
    (roles[giver]?.grants ?? []).flatMap((role, i) => {
      const problem = `policy.roles.${giver}.grants[${i}]: "${role}" verifies, and "${giver}" is a role that anyone may get`;
      return roles[role]?.verifies === true ? [problem] : [];
    }),
  );
  return [...own, ...given];
}

function claimProblems({ session, members }: Policy): string[] {
  if (!members.role_from_claim || session === null || session.claims.role !== null) return [];
  return ['policy.members.role_from_claim: needs policy.session.claims.role, the claim that says it'];
}

function missing(field: string, name: string, known: Record<string, unknown>, what: string): string | null {
  if (Object.hasOwn(known, name)) return null;
  return `policy.${field}: there is no ${what} "${name}", expected one of ${Object.keys(known).join(', ')}`;
}

function upstreamProblems({ upstreams }: Policy): string[] {
  const names = upstreams.map(({ name }) => name);
  return upstreams.flatMap(({ name, path, strip_prefix: prefix }, i) => {
    const problems: string[] = [];
    if (names.indexOf(name) !== i) problems.push(`policy.upstreams[${i}].name: "${name}" is taken`);
    if (prefix !== undefined && path !== prefix && !path.startsWith(`${prefix}/`)) {
      problems.push(`policy.upstreams[${i}].strip_prefix: every path of "${path}" must begin with it`);
    }
    return problems;
  });
}

function textProblems({ denials, error, trial }: Policy): string[] {
  return [
    ...Object.entries(denials).flatMap(([reason, { message }]) =>
      unknownPlaceholders(message, MESSAGE_PLACEHOLDERS, `policy.denials.${reason}.message`),
    ),
    ...bodyProblems(error.body, 'policy.error.body'),
    ...unknownPlaceholders(trial.message, TRIAL_PLACEHOLDERS, 'policy.trial.message'),
  ];
}

function bodyProblems(body: BodyTemplate, path: string): string[] {
  if (typeof body === 'string') return unknownPlaceholders(body, BODY_PLACEHOLDERS, path);
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([field, inner]) => bodyProblems(inner, `${path}.${field}`));
}

function unknownPlaceholders(text: string, known: readonly string[], path: string): string[] {
  return [...text.matchAll(/\{([a-z_]+)\}/g)]
    .filter(([, name = '']) => !known.includes(name))
    .map(([found]) => `${path}: ${found} is unknown, expected ${known.map((name) => `{${name}}`).join(', ')}`);
}

function rateProblems({ limits }: Policy): string[] {
  return (['per_second', 'per_minute'] as const).flatMap((per) => {
    const usual = limits[`default_rate_${per}`];
    const most = limits[`max_rate_${per}`];
    if (most === null || (usual !== null && usual <= most)) return [];
    return [`policy.limits.default_rate_${per}: expected at most max_rate_${per}, ${most}`];
  });
}
