import { build } from 'esbuild';

/** One ES module of a Worker and all that it imports, as text for Miniflare. */
export async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*', 'node:*'],
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`nothing was bundled from ${entry}`);
  return file.text;
}
