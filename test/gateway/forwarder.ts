import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { bundleWorker } from '../../dev/bundle.ts';
import { type PolicyInput, policySchema } from '../../src/policy/schema.ts';
import type { ForwardConfig } from './forward-worker.ts';

const bundled = bundleWorker(new URL('./forward-worker.ts', import.meta.url).pathname);

/** The state of the test Worker that a test reads and sets. */
export interface ForwarderState {
  checks: number;
  holds: boolean;
  clockMs: number;
}

export interface Forwarder {
  readonly url: string;
  readonly control: (change?: Partial<ForwarderState>) => Promise<ForwarderState>;
  readonly stop: () => Promise<void>;
}

interface Setup {
  readonly upstreams: PolicyInput['upstreams'];
  readonly cors?: PolicyInput['cors'];
  readonly everyMs?: number;
  readonly places?: ForwardConfig['places'];
  readonly bindings?: Record<string, string>;
  readonly services?: Record<string, (request: Request) => Response | Promise<Response>>;
}

/** The forwarding step alone, in workerd, behind a socket of its own. */
export async function startForwarder(setup: Setup): Promise<Forwarder> {
  const config: ForwardConfig = {
    upstreams: policySchema.shape.upstreams.parse(setup.upstreams),
    cors: policySchema.shape.cors.parse(setup.cors ?? {}),
    places: setup.places ?? [{ in: 'bearer' }],
    everyMs: setup.everyMs ?? null,
  };
  const options = convertV4MiniflareOptions({
    name: 'forwarder',
    modules: true,
    script: await bundled,
    compatibilityDate: '2026-10-01',
    bindings: { ...setup.bindings, CONFIG: config as never },
    serviceBindings: (setup.services ?? {}) as never,
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  });
  const miniflare = new Miniflare(options);
  const url = (await miniflare.unsafeGetDirectURL('forwarder')).origin;
  return {
    url,
    async control(change = {}) {
      const response = await fetch(url, { headers: { 'test-control': JSON.stringify(change) } });
      return (await response.json()) as ForwarderState;
    },
    stop: () => miniflare.dispose(),
  };
}
