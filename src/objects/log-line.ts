import type { RequestEvent } from '../decision/event.ts';

/** An entry of the request log as lists and exports show it: everything but what the ledger keeps for its own accounts. */
export function lineOf(event: RequestEvent) {
  return {
    request_id: event.requestId,
    at: new Date(event.atMs).toISOString(),
    key: event.keyId,
    label: event.label,
    category: event.category,
    environment: event.environment,
    method: event.method,
    path: event.path,
    status: event.status,
    reason: event.reason,
    ttfb_ms: event.ttfbMs,
    bytes: event.bytes,
    address: event.address,
    country: event.country,
    micro: event.micro,
    prompt_tokens: event.promptTokens,
    completion_tokens: event.completionTokens,
  };
}
