import { writeFileSync } from 'node:fs';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

/** A CPU profile as V8 gives it (Chrome DevTools protocol, `Profiler.Profile`). */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

const SAMPLE_EVERY_US = 100;
const SHOWN = 25;

/** Profiles an isolate by its inspector while `work` runs, and writes the profile, which Chrome's DevTools open. */
export async function profileTo(file: string, inspectorUrl: string, work: () => Promise<unknown>): Promise<string> {
  const socket = new WebSocket(inspectorUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')), { once: true });
  });
  const call = caller(socket);
  await call('Profiler.enable');
  await call('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  await call('Profiler.start');
  await work();
  const { profile } = (await call('Profiler.stop')) as { profile: CpuProfile };
  socket.close();
  writeFileSync(file, JSON.stringify(profile));
  return busiest(profile);
}

function caller(socket: WebSocket) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(String(data));
    if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error.message));
  });
  let last = 0;
  return (method: string, params: object = {}): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>();
    waiting.set(++last, answer);
    socket.send(JSON.stringify({ id: last, method, params }));
    return answer.promise;
  };
}

/** Where the time went by itself, callees not counted, the most first. */
function busiest({ nodes, samples = [], timeDeltas = [] }: CpuProfile): string {
  const names = new Map(
    nodes.map(({ id, callFrame }) => [id, `${callFrame.functionName || '(anonymous)'}:${callFrame.lineNumber + 1}`]),
  );
  const spentUs = new Map<string, number>();
  let totalUs = 0;
  samples.forEach((node, i) => {
    const name = names.get(node) ?? '?';
    const us = timeDeltas[i] ?? 0;
    if (name.startsWith('(idle)')) return;
    spentUs.set(name, (spentUs.get(name) ?? 0) + us);
    totalUs += us;
  });
  return [...spentUs]
    .sort(([, left], [, right]) => right - left)
    .slice(0, SHOWN)
    .map(([name, us]) => `${((100 * us) / totalUs).toFixed(1).padStart(6)} %  ${name}`)
    .join('\n');
}
