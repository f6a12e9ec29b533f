/** A class's methods as they are called over a stub. */
export type Remote<T, M extends keyof T> = {
  [K in M]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};
