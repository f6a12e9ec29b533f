import type { Cost } from '../policy/schema.ts';

/*
 * What a request costs, from the policy's prices and what the origin answered. All amounts are whole micro-credits;
 * token prices are micro-credits for a million tokens. Products of tokens and prices pass 2^53, so they are BigInt.
 */

const MILLION = 1_000_000n;
/** The most that one request costs, below a million credits: the sum of thousands of wrong ones is still exact. */
const MAX_MICRO = 999_999_999_999;
const MICRO = /^\d{1,12}$/;

/** Tokens as an OpenAI-style answer counts them. */
export interface TokenUsage {
  readonly prompt: number;
  readonly completion: number;
}

/** What is known of a request before it is forwarded. */
export interface PriceFacts {
  /** The most completion tokens that the request allows, over all its choices; null: unknown. */
  readonly maxTokens: number | null;
  /** Of the request's body. */
  readonly promptBytes: number;
  /** The model that it asks for; null: unknown. */
  readonly model: string | null;
}

/** What is known of a request after its answer. */
export interface Outcome {
  /** Answered to the client; of the gateway's own 502 and 504 too. */
  readonly status: number;
  /**
   * The value of the header that a price by header reads, at most 999,999,999,999: what is not 1 to 12 digits tells
   * nothing. Null where there was none.
   */
  readonly header: string | null;
  readonly usage: TokenUsage | null;
  /** The model that answered; null: unknown. */
  readonly model: string | null;
  /** The request's {@link reservation}, also where no limit is there to set it aside from. */
  readonly reservation: number;
}

interface TokenPrice {
  readonly prompt: bigint;
  readonly completion: bigint;
}

/** A compiled price. */
export type Price =
  | { readonly from: 'fixed'; readonly micro: number }
  | { readonly from: 'header'; readonly header: string; readonly maxMicro: number }
  | {
      readonly from: 'usage';
      readonly models: ReadonlyMap<string, TokenPrice>;
      readonly maxMicro: number;
      readonly includeUsage: boolean;
    };

/** Compiles what the policy says of a route's cost. */
export function compilePrice(cost: Cost): Price {
  switch (cost.from) {
    case 'fixed':
      return { from: 'fixed', micro: cost.micro };
    case 'header':
      return { from: 'header', header: cost.name, maxMicro: cost.max_micro };
    case 'usage': {
      const models = Object.entries(cost.models).map(
        ([model, { prompt, completion }]) =>
          [model, { prompt: BigInt(prompt), completion: BigInt(completion) }] as const,
      );
      return {
        from: 'usage',
        models: new Map(models),
        maxMicro: cost.max_micro,
        includeUsage: cost.include_usage,
      };
    }
  }
}

/**
 * Micro-credits to set aside before a request is forwarded. Of a price by tokens: the most that the request allows,
 * where it says so, with one prompt token for each byte of its body (a token stands for a byte at least); never more
 * than the policy's ceiling.
 */
export function reservation(price: Price, { maxTokens, promptBytes, model }: PriceFacts): number {
  if (price.from === 'fixed') return price.micro;
  if (price.from === 'header' || maxTokens === null || model === null) return price.maxMicro;
  const known = tokenPrice(price.models, model);
  if (known === null) return price.maxMicro;
  return Math.min(price.maxMicro, microOf(known, { prompt: promptBytes, completion: maxTokens }));
}

/**
 * Micro-credits that a request has cost. What the origin told counts. Where it told nothing that can be read, or the
 * model has no price, an answer with content costs the reservation, and any other (204, 3xx, 4xx, 5xx) nothing. A fixed price is not taken
 * for an error.
 */
export function costOf(price: Price, { status, header, usage, model, reservation }: Outcome): number {
  const untold = status >= 200 && status < 300 && status !== 204 ? reservation : 0;
  switch (price.from) {
    case 'fixed':
      return status < 400 ? price.micro : 0;
    case 'header':
      return microIn(header) ?? untold;
    case 'usage': {
      if (usage === null) return untold;
      const known = tokenPrice(price.models, model);
      return known === null ? untold : microOf(known, usage);
    }
  }
}

function tokenPrice(models: ReadonlyMap<string, TokenPrice>, model: string | null): TokenPrice | null {
  return (model === null ? undefined : models.get(model)) ?? models.get('*') ?? null;
}

/** Rounded up to a whole micro-credit. */
function microOf(price: TokenPrice, { prompt, completion }: TokenUsage): number {
  const millionths = BigInt(prompt) * price.prompt + BigInt(completion) * price.completion;
  return Math.min(MAX_MICRO, Number((millionths + MILLION - 1n) / MILLION));
}

function microIn(header: string | null): number | null {
  return header !== null && MICRO.test(header) ? Number(header) : null;
}
