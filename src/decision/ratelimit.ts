/** One limit as a client sees it. */
export interface LimitView {
  /** A name of the meter: printable ASCII without quotes. */
  readonly name: string;
  readonly limit: number;
  /** null: requests, the draft's default. */
  readonly unit: string | null;
  readonly remaining: number;
  /** null: the limit is in total, not over a window. */
  readonly windowSeconds: number | null;
  /** Until permits come back; null: never, or not known. */
  readonly resetSeconds: number | null;
}

/** Both header values. */
export interface RateLimitHeaders {
  readonly 'ratelimit-policy': string;
  readonly ratelimit: string;
}

/**
 * `RateLimit-Policy` and `RateLimit` after draft-ietf-httpapi-ratelimit-headers (-08 and later): lists of Structured
 * Fields strings with integer parameters. Null where there is no limit to tell, since an empty list is no header.
 *
 * @example `"rate";q=600;w=60` and `"rate";r=599;t=12`
 */
export function rateLimitHeaders(limits: readonly LimitView[]): RateLimitHeaders | null {
  if (limits.length === 0) return null;
  return {
    'ratelimit-policy': limits
      .map((each) => `"${each.name}";q=${each.limit}${unitOf(each)}${optional('w', each.windowSeconds)}`)
      .join(', '),
    ratelimit: limits
      .map((each) => `"${each.name}";r=${Math.max(0, Math.floor(each.remaining))}${optional('t', each.resetSeconds)}`)
      .join(', '),
  };
}

function unitOf({ unit }: LimitView): string {
  return unit === null ? '' : `;qu="${unit}"`;
}

function optional(parameter: string, seconds: number | null): string {
  return seconds === null ? '' : `;${parameter}=${Math.max(0, Math.ceil(seconds))}`;
}
