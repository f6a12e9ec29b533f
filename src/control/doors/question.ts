import type { NormalPath } from '../../gateway/path.ts';
import { normalisePath } from '../../gateway/path.ts';
import { type Asked, clientOf } from '../../gateway/verify.ts';
import type { Question } from '../inputs/doors.ts';

/** Where services ask about keys. */
export const VERIFY = '/api/v1/keys/verify';

/** How a request without a path of its own is recorded: as the one that asked. */
const UNTOLD: NormalPath = { ok: true, path: VERIFY, search: '' };

/** A path of a client, with its query, as it was sent. */
export function readTarget(path: string): NormalPath {
  return normalisePath(`http://client${path}`);
}

/** A checked question as admission takes it. */
export function askedOf({ key, method, path, client_ip, cost }: Question, requestId: string): Asked {
  return {
    requestId,
    credential: key,
    method: path === undefined ? 'POST' : (method ?? 'GET'),
    target: path === undefined ? UNTOLD : readTarget(path),
    isRoleAsked: path !== undefined,
    client: client_ip === undefined ? null : clientOf(client_ip),
    micro: cost ?? 0,
  };
}
