import { type Denial, deny } from '../decision/denial.ts';
import { readBytes } from '../events/bytes.ts';

/** The largest body of a control request, in bytes. */
export const CONTROL_BODY_BYTES = 65_536;

/** The value in a body, undefined where the body is empty; or why there is none. */
export type JsonBody = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly denial: Denial };

/**
 * Reads a JSON body of at most {@link CONTROL_BODY_BYTES}, counted while it streams. Its content type may be absent;
 * one that is not JSON is refused, so that no HTML form can send one.
 */
export async function readJson(request: Request): Promise<JsonBody> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const bytes = await readBytes(request, CONTROL_BODY_BYTES).catch(() => new Uint8Array());
  if (bytes === null) return refused('body_too_large', 'the body may have at most 64 KB');
  if (bytes.byteLength === 0) return { ok: true, value: undefined };
  if (type !== '' && !/^application\/(?:[\w.+-]+\+)?json$/.test(type)) {
    return refused('request_invalid', 'content-type: expected application/json');
  }
  return parseJson(bytes);
}

/** The JSON of a body. */
export function parseJson(bytes: Uint8Array): JsonBody {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return refused('request_invalid', 'body: expected JSON in UTF-8');
  }
}

function refused(reason: 'body_too_large' | 'request_invalid', detail: string): JsonBody {
  return { ok: false, denial: deny(reason, { detail }) };
}
