import type * as z from 'zod';
import type { DenialReason } from '../decision/denial.ts';
import type { Answer } from './answer.ts';
import { denied } from './answer.ts';
import type { Desk } from './desk.ts';
import { check } from './input.ts';

/** The parts of a path that `:name` stands for. */
export type Params = Readonly<Record<string, string>>;

/** What the OpenAPI document says of a route beside its input. */
export interface About {
  /** Unique among all operations, like `createKey`. */
  readonly id: string;
  readonly summary: string;
  /** The body of each answer that is no error; null: none. */
  readonly answers: Readonly<Partial<Record<200 | 201 | 204, z.ZodType | null>>>;
  /** The 200 answer as text: its content type and an example. Beside a body, where a client may ask for either. */
  readonly text?: { readonly type: string; readonly example: string };
  /** A body that is no JSON: its content type and an example. The handler reads it, and the query is its input. */
  readonly upload?: { readonly type: string; readonly example: string };
  /** Why this route in particular may refuse: not its guard, and not the form of its input. */
  readonly denials?: readonly DenialReason[];
  /** What stands beside the error of a change that is recorded and not yet in force. */
  readonly unsettled?: z.ZodObject;
  /** Whether it is refused without an `Idempotency-Key`. */
  readonly needsIdempotencyKey?: true;
  /** What is sent and what comes back, as the document shows it. Of text, `text` has the example. */
  readonly example: { readonly input?: unknown; readonly answer?: unknown };
}

/** One control route. `run` gets its input, checked by its schema: what {@link readsQuery} says, or the body. */
export interface Route<D extends Desk> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly input: z.ZodType;
  readonly about: About;
  readonly run: (desk: D, input: unknown, params: Params) => Promise<Answer>;
}

/** A {@link Route} whose handler takes what its schema makes of the input. */
export function route<D extends Desk, T>(
  method: Route<D>['method'],
  path: string,
  input: z.ZodType<T>,
  about: About,
  run: (desk: D, input: T, params: Params) => Promise<Answer>,
): Route<D> {
  return {
    method,
    path,
    input,
    about,
    run: async (desk, value, params) => {
      const checked = check(input, value);
      return checked.ok ? run(desk, checked.value, params) : denied(checked.denial);
    },
  };
}

/** `:id` of a path. */
export const id = (params: Params): string => params.id ?? '';

/** Whether a route takes its input from the query. */
export function readsQuery({ method, about }: Pick<Route<never>, 'method' | 'about'>): boolean {
  return method === 'GET' || method === 'DELETE' || about.upload !== undefined;
}

/** Whether a route may be called again with its `Idempotency-Key`; an upload says by itself what it is. */
export function isRepeatable({ method, about }: Pick<Route<never>, 'method' | 'about'>): boolean {
  return method === 'POST' && !about.needsIdempotencyKey && about.upload === undefined;
}

/** The methods of each path, for 405 and its `Allow`. */
export function allowedMethods(routes: readonly Pick<Route<never>, 'method' | 'path'>[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { method, path } of routes) {
    const more = method === 'GET' ? ['GET', 'HEAD'] : [method];
    methods.set(path, [...(methods.get(path) ?? []), ...more]);
  }
  return methods;
}
