import type { Policy } from '../src/policy/schema.ts';

/** What a run has to show. */
export interface Shown {
  readonly policy: Policy;
  readonly url: string;
  readonly key: string;
  readonly originUrl: string;
  readonly varsFile: string | null;
  /** null: another sign-in than the local one. */
  readonly signIn: { readonly issuer: string; readonly tokenCommand: string } | null;
}

const CHAT = JSON.stringify({
  model: 'demo',
  stream: true,
  messages: [{ role: 'user', content: 'Hello through the gate' }],
});

/** The lines that a run prints; each command stands alone on its line, ready to be pasted. */
export function greeting({ policy, url, key, originUrl, varsFile, signIn }: Shown): string {
  const control = `${url}${policy.control.base_path}`;
  const host = policy.control.host === null ? '' : `-H 'Host: ${policy.control.host}' `;
  const lines = [
    `Keystile, preset ${policy.preset}, in front of ${originUrl}`,
    `key ${key}`,
    ...(varsFile === null ? [] : [`admin token: ADMIN_TOKEN in ${varsFile}`]),
    '',
    'A streamed chat completion through the gateway:',
    `curl -N ${url}/v1/chat/completions -H '${credentialHeader(policy, key)}' -H 'Content-Type: application/json' -d '${CHAT}'`,
    '',
  ];
  if (policy.trial.enabled) {
    lines.push('A trial key, without signing up:', `curl -X POST ${host}${control}/api/v1/onboarding/temp-key`, '');
  }
  if (signIn !== null) {
    lines.push(
      `The keys of a customer, alice, who signs in at ${signIn.issuer} (local only, no password):`,
      `curl ${host}${control}/api/v1/user/api-keys -H "Authorization: Bearer $(${signIn.tokenCommand})"`,
      '',
    );
  }
  return [...lines, `ready ${url}`].join('\n');
}

/** A header that carries the key to one of the places where the policy looks for it. */
export function credentialHeader(policy: Policy, key: string): string {
  for (const place of policy.credential.places) {
    if (place.in === 'bearer') return `Authorization: Bearer ${key}`;
    if (place.in === 'header') return `${place.name}: ${key}`;
    if (place.in === 'bare') return `Authorization: ${key}`;
  }
  return `Sec-WebSocket-Protocol: ${key}`;
}
