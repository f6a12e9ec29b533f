import type { Denial } from '../../decision/denial.ts';
import type { House } from '../../env.ts';
import { identify, identifyWarm } from '../../gateway/admit.ts';
import type { Background } from '../../gateway/ask.ts';
import { SERVICE_KEY_HEADER } from '../../gateway/headers.ts';
import type { CredentialPlace } from '../../policy/schema.ts';
import { hear, type OwnKeyRequest } from './own-key.ts';

/** Where a service key stands in a request that carries a client's credential too. */
export const BESIDE_A_KEY: readonly CredentialPlace[] = [{ in: 'header', name: SERVICE_KEY_HEADER }];

/**
 * Lets a service ask about other keys, or says why not: by a key whose role verifies. It is judged by its state and its
 * addresses as all keys are, nothing of its limits is taken, and a bad one is a strike against itself and against the
 * address of who calls. While this isolate knows that the key holds, nothing is asked. Never throws.
 */
export async function guardServiceKey(
  house: House,
  request: OwnKeyRequest,
  back: Background,
  places?: readonly CredentialPlace[],
): Promise<Denial | null> {
  const heard = await hear(house, request, back, places);
  if ('denial' in heard) return heard.denial;
  const { edge } = house;
  const { presented } = heard;
  const facts = { ...heard.facts, verifies: true } as const;
  const judged = identifyWarm(edge, presented, facts, back) ?? (await identify(edge, presented, facts, back));
  if (judged.admitted) return null;
  const { denial } = judged;
  return denial.reason === 'role_forbidden' ? { ...denial, detail: NO_SERVICE } : denial;
}

const NO_SERVICE = 'the role of this key does not verify other keys: use a service key';
