import { startChecks, type Watch } from './stream.ts';

/** RFC 6455 §7.4.1. */
const GOING_AWAY = 1001;
const NO_STATUS = 1005;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

/**
 * Joins the origin's WebSocket to a new one for the client and returns the client's end. Both are closed, the
 * client's with 1008, once the key no longer holds.
 */
export function watchSocket(upstream: WebSocket, watch: Watch): WebSocket {
  const { 0: client, 1: server } = new WebSocketPair();
  const stop = startChecks(watch, () => {
    server.close(POLICY_VIOLATION, 'The key is no longer valid.');
    upstream.close(GOING_AWAY);
  });
  for (const socket of [server, upstream]) {
    socket.binaryType = 'arraybuffer';
    socket.accept({ allowHalfOpen: true });
  }
  relay(server, upstream, stop);
  relay(upstream, server, stop);
  return client;
}

function relay(from: WebSocket, to: WebSocket, stop: () => void): void {
  from.addEventListener('message', ({ data }) => {
    if (to.readyState === WebSocket.OPEN) to.send(data);
  });
  from.addEventListener('close', ({ code, reason }) => {
    stop();
    closeLike(to, code, reason);
  });
  from.addEventListener('error', () => {
    stop();
    closeLike(to, INTERNAL_ERROR, '');
  });
}

/** Passes a close on. Codes that only stand for a missing or broken close frame may not be sent (RFC 6455 §7.4.1). */
function closeLike(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  if (code === NO_STATUS) socket.close();
  else if (code === 1006 || code === 1015) socket.close(INTERNAL_ERROR);
  else socket.close(code, reason);
}
