import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** What the Worker reads as text when it is asked for it; the rules in `wrangler.toml` name them too. */
const TEXTS = ['swagger-ui-dist/swagger-ui-bundle.js', 'swagger-ui-dist/swagger-ui.css'];

/** A Worker and all that it imports as one ES module, by the rules that wrangler bundles with. */
export async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*', ...TEXTS],
    loader: { '.sql': 'text', '.txt': 'text', '.html': 'text' },
    logLevel: 'silent',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`nothing was bundled from ${entry}`);
  return output.text;
}

/** A Worker as Miniflare takes it with the texts that it reads: those are no part of the one module. */
export async function bundleModules(entry: string) {
  const texts = TEXTS.map((path) => ({
    type: 'Text' as const,
    path,
    contents: readFileSync(join(import.meta.dirname, '../node_modules', path), 'utf8'),
  }));
  return [{ type: 'ESModule' as const, path: 'worker.js', contents: await bundleWorker(entry) }, ...texts];
}
