import { KeystileError } from '../client/client.ts';
import { type Access, BASE_URL, VARIABLES } from './access.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { codeOf } from './send.ts';

/** A failure as the command line tells it. */
export interface Failure {
  readonly exit: ExitCode;
  readonly message: string;
}

/** What went wrong, and what to do. `access` is null where the gateway was not opened yet. */
export function failureOf(error: unknown, access: Access | null): Failure {
  if (error instanceof CliError) return { exit: error.exit, message: error.message };
  if (access === null) return { exit: EXIT.refused, message: messageOf(error) };
  if (error instanceof KeystileError) {
    return { exit: isLater(error) ? EXIT.unavailable : EXIT.refused, message: access.redact(refused(error, access)) };
  }
  if (error instanceof SyntaxError) {
    return { exit: EXIT.refused, message: `${access.baseUrl} answers something other than JSON: check ${BASE_URL}` };
  }
  if (isLost(error)) {
    return { exit: EXIT.unavailable, message: unreachable(access.baseUrl, error) };
  }
  // A field was read that is not in the answer.
  if (error instanceof TypeError) {
    return { exit: EXIT.refused, message: `${access.baseUrl} answers otherwise than Keystile does: check ${BASE_URL}` };
  }
  return { exit: EXIT.refused, message: access.redact(messageOf(error)) };
}

/** Whether the same may succeed later. */
export function isLater(error: unknown): boolean {
  return isLost(error) || (error instanceof KeystileError && (error.status === 429 || error.status >= 500));
}

/** That `fetch` has failed, by what, and what to do. */
export function unreachable(baseUrl: string, error: unknown): string {
  return `${baseUrl} cannot be reached (${codeOf(error)}): check ${BASE_URL}`;
}

/** Whether `fetch` has failed: there is no answer. */
export function isLost(error: unknown): boolean {
  return (error instanceof TypeError && error.cause !== undefined) || (error as Error).name === 'TimeoutError';
}

function refused(
  { status, code, detail, requestId, retryAfterSeconds }: KeystileError,
  { as, baseUrl }: Access,
): string {
  if (status >= 300 && status < 400)
    return `${baseUrl} leads elsewhere (${status}): put the address that it leads to into ${BASE_URL}`;
  const what = [code ?? `status ${status}`, detail].filter((part) => part !== null).join(': ');
  const hints = [
    // Elsewhere than at its routes, the gateway takes an admin token or a session for an API key.
    ...(status === 401 ? [`check ${VARIABLES[as]}${as === 'key' ? '' : ` and ${BASE_URL}`}`] : []),
    ...(code === null && detail === null ? [`check ${BASE_URL}`] : []),
    ...(retryAfterSeconds === null ? [] : [`try again in ${retryAfterSeconds} s`]),
    ...(requestId === null ? [] : [`request ${requestId}`]),
  ];
  return hints.length === 0 ? `refused: ${what}` : `refused: ${what} (${hints.join('; ')})`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
