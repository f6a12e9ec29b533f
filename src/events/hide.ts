import type { Sent } from './deliver.ts';

/** A secret of an endpoint, whole or cut off. */
const SIGNING_SECRET = /whsec_[A-Za-z0-9+/_-]+={0,2}/g;

/**
 * What is kept of an attempt, without what reads like a key or the secret of an endpoint: a receiver may answer whatever
 * it was once told.
 */
export function hideSecrets(sent: Sent, redact: (text: string) => string): Sent {
  if (sent.response === null) return sent;
  const hide = (text: string) => redact(text).replace(SIGNING_SECRET, 'whsec_…');
  const headers = Object.entries(sent.response.headers).map(([name, value]) => [hide(name), hide(value)]);
  return { ...sent, response: { headers: Object.fromEntries(headers), body: hide(sent.response.body) } };
}
