/** Why a call was refused, whatever shape the gateway's policy gives its errors. It never holds the secret of a key. */
export interface Refusal {
  readonly status: number;
  /** What programs go by, like `not_found`; null: the policy's errors have none. */
  readonly code: string | null;
  /** A sentence for people; null: the answer has none. */
  readonly detail: string | null;
  readonly requestId: string | null;
  /** After so many seconds it may be sent again. */
  readonly retryAfterSeconds: number | null;
}

/** A refused call, as {@link orThrow} throws it. */
export class KeystileError extends Error implements Refusal {
  override readonly name = 'KeystileError';
  readonly status: number;
  readonly code: string | null;
  readonly detail: string | null;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;

  constructor({ status, code, detail, requestId, retryAfterSeconds }: Refusal) {
    super([`${status}`, code, detail].filter((part) => part !== null).join(' '));
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** An answer of the client, read or not. */
export interface Answered<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** What an answer of the client that is no success says. */
export function refusalOf({ error, response }: Answered<unknown>): Refusal {
  const body = fieldsOf(error);
  const inner = { ...body, ...fieldsOf(body.error) };
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    status: response.status,
    code: textOf(inner.code),
    detail: textOf(inner.detail) ?? textOf(inner.message) ?? textOf(body.error),
    requestId: response.headers.get('x-request-id'),
    retryAfterSeconds: Number.isFinite(seconds) ? seconds : null,
  };
}

/** What a call brings. Throws a {@link KeystileError} where it was refused. */
export async function orThrow<Data>(call: Promise<Answered<Data>>): Promise<Data> {
  const answered = await call;
  if (!answered.response.ok) throw new KeystileError(refusalOf(answered));
  return answered.data as Data;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
