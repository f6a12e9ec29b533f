import { generateKeyPairSync } from 'node:crypto';

/** An entry of ASSERTION_KEYS with a new key, under this name. */
export function newAssertionKey(kid: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return `${kid}:${privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')}`;
}
