import { digestUnder, innerHash } from '../../credential/digest.ts';
import { mintKey } from '../../credential/mint.ts';
import type { House } from '../../env.ts';
import type { NewSecret } from '../../registry/create.ts';
import type { Entropy } from '../entropy.ts';

/** A new secret, which exists nowhere else, and all that the registry gets of it. */
export interface MintedSecret {
  readonly secret: string;
  readonly stored: NewSecret;
}

/** Mints a secret. Throws for an environment that the policy does not have. */
export async function mintSecret({ edge }: House, environment: string, entropy: Entropy): Promise<MintedSecret> {
  const { format, lookup, policy } = edge;
  const secret = mintKey(format, environment, entropy.secret);
  const [pepper] = lookup.peppers;
  const digest = await digestUnder(pepper, await innerHash(secret));
  const prefix = format.visiblePrefix(secret, policy.key.visible_chars);
  return { secret, stored: { id: entropy.id('sec'), prefix, digest, pepperVersion: pepper.version } };
}
