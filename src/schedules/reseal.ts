import type { House } from '../env.ts';
import { keepResealed, secretsUnder } from '../registry/endpoint-secrets.ts';

const RESEALED_PER_RUN = 200;

/**
 * Seals secrets of endpoints anew that are sealed under an older version of WEBHOOK_KEYS, so that its key can be given
 * up. Throws, after all others are done, where one cannot be opened: it was altered, or the key is another one.
 */
export async function resealSecrets({ env, courier: { seal } }: House): Promise<void> {
  if (seal === null || seal.versions.length === 1) return;
  const older = seal.versions.filter((version) => version !== seal.version);
  const secrets = await secretsUnder(env.DB, older, RESEALED_PER_RUN);
  if (secrets.length === 0) return;
  const resealed = await Promise.allSettled(
    secrets.map(async ({ id, sealed, keyVersion }) => {
      const secret = await seal.open(sealed, keyVersion, id);
      return { id, sealed: await seal.seal(secret, id), keyVersion: seal.version };
    }),
  );
  const done = resealed.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  await keepResealed(env.DB, done);
  const failed = secrets.length - done.length;
  if (failed > 0) throw new Error(`${failed} secrets of webhook endpoints cannot be opened by WEBHOOK_KEYS`);
}
