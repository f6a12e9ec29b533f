import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { barOf } from '../../src/cli/import/progress.ts';
import { pauseMs } from '../../src/cli/send.ts';
import { KeystileError } from '../../src/client/client.ts';
import { ADMIN_TOKEN, type Cluster, startCluster } from '../support/cluster.ts';
import { buildCommandLine, type CommandLine } from '../support/command-line.ts';
import { type Edge, startEdge } from '../support/edge.ts';

/* A file of keys is imported by the command line as it is built: killed, resumed, refused and slowed down. */

const OLD = { name: 'old', prefix: 'old_', charset: 'hex', min_length: 40, max_length: 40, environment: 'live' };
const folder = mkdtempSync(join(tmpdir(), 'imported-'));
let cluster: Cluster;
let edge: Edge;
let cli: CommandLine;

const env = (): Record<string, string> => ({ KEYSTILE_BASE_URL: edge.url, KEYSTILE_ADMIN_TOKEN: ADMIN_TOKEN });
const secret = () => `old_${randomBytes(20).toString('hex')}`;
const line = (key: string, fields = {}) => JSON.stringify({ key, account_ref: 'moved', ...fields });
const path = (name: string) => join(folder, name);
const sent = () => edge.passed.filter((each) => each.startsWith('POST /admin/v1/imports'));

function write(name: string, lines: readonly string[]): string {
  writeFileSync(path(name), `${lines.join('\n')}\n`);
  return path(name);
}

beforeAll(async () => {
  cli = await buildCommandLine();
  cluster = await startCluster({ policy: { legacy: { formats: [OLD] } } });
  edge = await startEdge(cluster.urls[0] ?? '');
});
afterEach(() => {
  edge.instead = null;
  edge.passed.length = 0;
});
afterAll(async () => {
  await edge?.stop();
  await cluster?.stop();
  cli?.remove();
  rmSync(folder, { recursive: true });
});

describe('import', () => {
  test('of 12,000 lines goes on after a kill, and ends with exactly the keys of the file', async () => {
    const secrets = Array.from({ length: 12_000 }, secret);
    const hashed = createHash('sha256')
      .update(secrets[7_000] ?? '')
      .digest('hex');
    const lines = secrets.map((key, i) =>
      i === 7_000 ? JSON.stringify({ sha256: hashed, format: 'old', account_ref: 'moved' }) : line(key),
    );
    lines[6_000] = line(secrets[6_000] ?? '', { role: 'emperor' });
    lines[11_999] = line(secrets[0] ?? '');
    const file = write('all.ndjson', lines);
    const rejects = path('refused.ndjson');
    const args = ['import', file, '--rejects', rejects, '--json'];

    let running = '';
    const first = cli.start(args, { env: env() });
    edge.instead = (request, _, pass) => {
      pass();
      running = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
      if (request.url?.includes('chunk=2')) setTimeout(() => first.child.kill('SIGKILL'), 300);
    };
    expect((await first.ended).exit).toBe('SIGKILL');
    expect(first.err()).toBe('keystile: 5000 lines are through, 0 refused\n');
    expect(running).toContain(`import ${file}`);
    expect(running).not.toContain(ADMIN_TOKEN);
    edge.instead = null;

    const again = await cli.run(args, { env: env() });
    const counts = { created: 11_998, exists: 0, duplicate: 1, invalid: 1, conflict: 0 };
    expect(again.json).toEqual({ import: expect.stringMatching(/^file-[0-9a-f]{32}$/), lines: 12_000, counts });
    expect(again.exit).toBe(4);
    const refused = readFileSync(rejects, 'utf8');
    expect(JSON.parse(refused)).toEqual({
      line: 6_001,
      status: 'invalid',
      code: 'fields',
      message: expect.stringContaining('role'),
    });
    for (const each of [again.err, refused]) expect(each).not.toMatch(/old_[0-9a-f]{20}|[0-9a-f]{64}/);
    expect(new Set(sent()).size).toBe(3);

    const db = await cluster.database();
    expect(await db.prepare('SELECT count(*) AS n FROM keys').first('n')).toBe(11_998);
    for (const i of [0, 4_999, 5_000, 7_000, 11_998])
      expect([i, (await cluster.call(secrets[i] ?? '')).status]).toEqual([i, 200]);
    expect((await cluster.call(secrets[6_000] ?? '')).status).toBe(401);
  });

  test('waits where the gateway asks it to, and gives up where it is refused', async () => {
    const file = write('few.ndjson', [line(secret()), '', '{}', 'no JSON', line(secret())]);
    let failures = 0;
    edge.instead = (request, response, pass) => {
      if (failures++ > 1) return pass();
      request.resume();
      return void response.writeHead(failures === 1 ? 429 : 503, { 'retry-after': '1' }).end('{}');
    };
    const ran = await cli.run(['import', file, '--import-id', 'few.1'], { env: env() });
    expect([ran.exit, failures]).toEqual([4, 3]);
    expect(ran.out).toMatch(/^import +few\.1\nlines +5\ncreated +2$/m);
    expect(ran.err).toContain('keystile: the gateway does not take more at the moment; trying again\n');
    expect(ran.err).toMatch(/^keystile: line 3: fields: .+\nkeystile: line 4: json: .+$/m);

    edge.instead = null;
    const other = write('other.ndjson', [line(secret())]);
    const taken = await cli.run(['import', other, '--import-id', 'few.1'], { env: env() });
    expect([taken.exit, taken.err]).toEqual([1, expect.stringContaining('another body')]);
  });

  test('takes standard input under a name, and a line that is too long', async () => {
    const input = [line(secret(), { metadata: { x: 'y'.repeat(200_000) } }), line(secret())].join('\n');
    const ran = await cli.run(['import', '-', '--import-id', 'piped', '--json'], { env: env(), input });
    expect([ran.exit, ran.json.counts]).toEqual([4, expect.objectContaining({ created: 1, invalid: 1 })]);
    expect(ran.err).toContain('line 1: line_too_long');
    const empty = await cli.run(['import', '-', '--import-id', 'none', '--json'], { env: env() });
    expect([empty.exit, empty.json]).toEqual([0, { import: 'none', lines: 0, counts: {} }]);
  });

  test('says where no gateway is while it tries again', async () => {
    const gone = await startEdge('http://127.0.0.1:9');
    await gone.stop();
    const file = write('gone.ndjson', [line(secret())]);
    const running = cli.start(['import', file], { env: { ...env(), KEYSTILE_BASE_URL: gone.url } });
    running.child.stderr?.once('data', () => running.child.kill('SIGINT'));
    expect((await running.ended).err).toContain(
      `keystile: ${gone.url} cannot be reached (ECONNREFUSED): check KEYSTILE_BASE_URL; trying again\n`,
    );
  });

  test('is told by ctrl-C how it goes on', async () => {
    const file = write('slow.ndjson', [line(secret())]);
    const running = cli.start(['import', file], { env: env() });
    edge.instead = (request) => {
      edge.instead = null;
      running.child.kill('SIGINT');
      setTimeout(() => request.socket.destroy(), 2_000).unref();
    };
    expect(await running.ended).toMatchObject({
      exit: 'SIGINT',
      out: '',
      err: 'keystile: stopped: the same command goes on from here\n',
    });
  });

  test.each([
    ['a file that is not there', () => ['nowhere.ndjson'], 'cannot be read: ENOENT'],
    [
      'refused lines in a folder that is not there',
      () => [write('a.ndjson', ['{}']), '--rejects', path('none/refused.ndjson')],
      '--rejects: the file cannot be written: ENOENT',
    ],
    ['a folder', () => [folder], 'cannot be read: EISDIR'],
    ['a folder under a name', () => [folder, '--import-id', 'a'], 'cannot be read: EISDIR'],
    ['a device without a name', () => ['/dev/null'], '--import-id'],
    ['standard input without a name', () => ['-'], '--import-id'],
    ['a name that is none', () => [write('a.ndjson', ['{}']), '--import-id', 'a b'], '--import-id'],
    [
      'the file itself for refused lines',
      () => [write('a.ndjson', ['{}']), '--rejects', path('a.ndjson')],
      '--rejects',
    ],
  ])('refuses %s before anything is sent', async (_, args, told) => {
    const ran = await cli.run(['import', ...args()], { env: env() });
    expect(ran).toMatchObject({ exit: 2, out: '', err: expect.stringContaining(told) });
    expect(sent()).toEqual([]);
    expect(() => JSON.parse(readFileSync(write('a.ndjson', ['{}']), 'utf8'))).not.toThrow();
  });

  test('comes again when it was asked to, or later each time', () => {
    const refusal = { status: 429, code: null, detail: null, requestId: null };
    expect(pauseMs(new KeystileError({ ...refusal, retryAfterSeconds: 7 }), 3)).toBe(7_000);
    const pauses = [0, 1, 2, 9].map((failures) => pauseMs(new TypeError('fetch failed'), failures));
    expect(pauses).toEqual([500, 1_000, 2_000, 30_000]);
  });

  test('shows a bar on a terminal', () => {
    expect(barOf({ lines: 5_000, refused: 2, share: 0.25, elapsedMs: 2_000 })).toBe(
      '[######..................] 25%  5000 lines  2500/s  2 refused  6 s left',
    );
    expect(barOf({ lines: 5_000, refused: 0, share: null, elapsedMs: 1_000 })).toBe('5000 lines  5000/s');
  });
});
