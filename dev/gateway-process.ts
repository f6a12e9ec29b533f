import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { bundleModules } from './bundle.ts';
import type { GatewayOptions, GatewayReport } from './gateway.ts';
import { applyMigrations } from './migrate.ts';

/*
 * The gateway's process: the Worker in workerd, with what `wrangler.toml` binds. The runtime is started through
 * Miniflare and not `wrangler dev`, which would put a second proxy between a client and the Worker.
 */

const SCHEDULES_EVERY_MS = 60_000;

async function run(options: GatewayOptions): Promise<void> {
  const { root, port, secrets, policy } = options;
  const { workerOptions, main } = workerOptionsOf(join(root, 'wrangler.toml'));
  const { modulesRules: _, bindings, ...bound } = workerOptions;
  const modules = await bundleModules(main ?? join(root, 'src/index.ts'));
  const vars = { ...(bindings as object), ...secrets, POLICY: JSON.stringify(policy) };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port,
      cf: false,
      log: new Log(LogLevel.NONE),
      logRequests: false,
      handleStructuredLogs: ({ level, message }) => write(level, message),
      handleUncaughtError: (error) => write('error', error.stack ?? error.message),
      // It would start a new runtime in the place of one that has died, with everything in memory lost unseen.
      unsafeHandleRuntimeRestart: () => process.exit(1),
      resourcePersistencePath: join(options.dataDir, 'v3'),
      workers: [{ ...bound, name: 'keystile', modules, bindings: vars }],
    }),
  );
  endWithParent(miniflare);
  await miniflare.ready;
  await applyMigrations(await miniflare.getD1Database('DB'), join(root, 'src/registry/migrations'));
  const worker = await miniflare.getWorker();
  setInterval(() => {
    worker.scheduled({ cron: '* * * * *' }).then(
      ({ outcome }) => write('info', `schedules: ${outcome}`),
      (error) => write('error', `schedules: ${error}`),
    );
  }, SCHEDULES_EVERY_MS);
}

/** Signals reach the parent too, which then closes the channel; Miniflare's own handlers would be quicker than that. */
function endWithParent(miniflare: Miniflare): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => {});
  }
  process.once('disconnect', () => void miniflare.dispose().finally(() => process.exit(0)));
  if (!process.connected) process.exit(0);
}

function write(level: string, message: string): void {
  console.log(`${new Date().toISOString()} ${level} ${message}`);
}

function report(what: GatewayReport): void {
  process.send?.(what);
}

process.once('message', (options: GatewayOptions) => {
  run(options).then(
    () => report({ kind: 'up' }),
    (error: Error) => {
      write('error', error.stack ?? error.message);
      report({ kind: 'failed', problem: error.message.split('\n')[0] ?? error.name });
      process.disconnect();
    },
  );
});
