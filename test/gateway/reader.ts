import { readdirSync, readFileSync } from 'node:fs';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { bundleWorker } from '../../dev/bundle.ts';

const bundled = bundleWorker(new URL('./usage-worker.ts', import.meta.url).pathname);

/** The reader of usage alone, in workerd, between an origin and a socket of its own. */
export interface Reader {
  readonly url: string;
  /** Resident memory of the process that runs it, in bytes; of Linux only. */
  readonly residentBytes: () => number;
  readonly stop: () => Promise<void>;
}

export async function startReader(originUrl: string): Promise<Reader> {
  const before = runtimes();
  const options = convertV4MiniflareOptions({
    name: 'reader',
    modules: true,
    script: await bundled,
    compatibilityDate: '2026-10-20',
    bindings: { ORIGIN: originUrl },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  });
  const miniflare = new Miniflare(options);
  const url = (await miniflare.unsafeGetDirectURL('reader')).origin;
  const [pid] = runtimes().filter((id) => !before.includes(id));
  return {
    url,
    residentBytes: () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024,
    stop: () => miniflare.dispose(),
  };
}

/** The process ids of the runtimes that this process has started. */
function runtimes(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      const status = readFileSync(`/proc/${id}/status`, 'utf8');
      return /^Name:\s+workerd$/m.test(status) && status.includes(`\nPPid:\t${process.pid}\n`);
    } catch {
      return false;
    }
  });
}
