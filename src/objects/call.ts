/**
 * Calls an object, once more where the runtime says that a retry may help (the object moved or restarted). A question
 * asked twice is harmless: an unanswered grant is never used and stays counted, an unanswered strike counts again.
 * Throws what the second call throws.
 */
export async function callObject<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isRetryable(error)) throw error;
    return await call();
  }
}

function isRetryable(error: unknown): boolean {
  const told = error as { readonly retryable?: boolean; readonly overloaded?: boolean };
  return told?.retryable === true && told.overloaded !== true;
}
