import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAdminTokens } from '../src/control/guards/tokens.ts';
import { loadPolicy } from '../src/policy/load.ts';
import type { Policy } from '../src/policy/schema.ts';
import { mintDemoKey } from './admin.ts';
import { type Control, callControl } from './control.ts';
import { type Flags, readFlags, UsageError } from './flags.ts';
import { startGateway } from './gateway.ts';
import { greeting } from './greeting.ts';
import { startOrigin } from './origin.ts';
import { type Issuer, openIssuer, sessionOf } from './sign-in/issuer.ts';
import { claimState, loadSecrets, openState, releaseState, tellRunning } from './state.ts';

/*
 * `npm start`: the whole of Keystile on this machine (DESIGN §9). Everything that was started is in `closers`, and
 * `stop` ends all of it, whatever the reason.
 */

const HEALTHY_WITHIN_MS = 30_000;

const closers: (() => unknown)[] = [];
let stopping = false;

async function stop(exitCode: number, line?: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  if (line !== undefined) process.stderr.write(`keystile: ${line}\n`);
  await Promise.allSettled(closers.reverse().map(async (close) => close()));
  process.exit(exitCode);
}

async function start(flags: Flags): Promise<void> {
  const root = join(import.meta.dirname, '..');
  const originUrl = flags.upstream ?? (await openOrigin());
  const given = {
    preset: flags.preset,
    upstreams: [{ name: 'origin', origins: [{ url: originUrl }] }],
    ...flags.policy,
  };
  const asked = readPolicy(given);
  const roles = Object.keys(asked.roles);
  await assertFree(flags.port);

  const state = openState(root, flags.state);
  await claimState(state, flags.port);
  closers.push(() => releaseState(state));
  const secrets = loadSecrets(state, flags.adminToken, asked.assertion !== null);
  assertNamed(asked, secrets, state.varsFile);
  const token = adminToken(secrets);
  const url = `http://localhost:${flags.port}`;
  const issuer = 'session' in given ? null : await openIssuer(state, flags.port);
  if (issuer !== null) closers.push(() => issuer.close());
  const input = issuer === null ? given : { ...given, ...trusting(issuer, url, roles, flags.policy.members) };
  const policy = readPolicy(input);

  const gateway = startGateway(
    { root, port: flags.port, dataDir: state.dir, secrets, policy: input },
    state.logFile,
    () => void stop(1, `the gateway has crashed; its log: ${state.logFile}`),
  );
  const guarded = gateway.then((started) => closers.push(() => started.stop()));
  await Promise.all([guarded, issuer?.serve({ audience: url, roles })]);

  const control = { port: flags.port, host: policy.control.host, basePath: policy.control.base_path };
  await untilHealthy(control, state.logFile);
  const { key } = await mintDemoKey({ control, token }, state, {
    preset: policy.preset,
    environment: demoEnvironment(policy),
  });
  tellRunning(state, { pid: process.pid, port: flags.port, issuer: issuer?.url ?? null });
  const varsFile = flags.adminToken === null ? state.varsFile : null;
  const signIn = issuer === null ? null : { issuer: issuer.url, tokenCommand: tokenCommand(flags.state) };
  process.stdout.write(`${greeting({ policy, url, key, originUrl, varsFile, signIn })}\n`);
}

/** What the policy gets for a sign-in: a role that one chooses there counts, unless it says otherwise. */
function trusting(issuer: Issuer, audience: string, roles: readonly string[], members: unknown) {
  const given = typeof members === 'object' ? members : {};
  return { session: sessionOf(issuer, audience, roles), members: { role_from_claim: true, ...given } };
}

function tokenCommand(state: string | null): string {
  return state === null ? 'npm run -s token' : `npm run -s token -- --state '${state.replaceAll("'", "'\\''")}'`;
}

async function openOrigin(): Promise<string> {
  const origin = await startOrigin();
  closers.push(() => origin.close());
  return origin.url;
}

function readPolicy(input: Record<string, unknown>): Policy {
  const loaded = loadPolicy(input);
  if (loaded.ok) return loaded.policy;
  throw new UsageError(loaded.problems.join('; '));
}

/** Throws a {@link UsageError} where a header of the policy wants a secret that `.dev.vars` lacks. */
function assertNamed(policy: Policy, secrets: Readonly<Record<string, string>>, varsFile: string): void {
  const headers = [...policy.upstreams, ...(policy.legacy.verifier === null ? [] : [policy.legacy.verifier])];
  const texts = headers.flatMap((each) => Object.values(each.headers));
  const names = texts.flatMap((text) => [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, name = '']) => name));
  const missing = [...new Set(names)].filter((name) => !secrets[name]);
  if (missing.length === 0) return;
  throw new UsageError(`${varsFile} lacks ${missing.join(', ')}, which the policy names: add a line like NAME="value"`);
}

/** The first environment that is not the trial keys' own. */
function demoEnvironment(policy: Policy): string {
  const names = Object.keys(policy.environments);
  return names.find((name) => name !== policy.trial.environment) ?? policy.trial.environment;
}

/** Throws a {@link UsageError} where something listens already at the port, under either address of `localhost`. */
async function assertFree(port: number): Promise<void> {
  for (const host of ['127.0.0.1', '::1']) {
    const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      const probe = createServer();
      probe.once('error', resolve);
      probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(null)));
    });
    if (problem?.code === 'EADDRINUSE') throw new UsageError(`port ${port} is taken; choose another with --port`);
    if (problem?.code === 'EACCES') throw new UsageError(`port ${port} may not be used by this user`);
  }
}

async function untilHealthy(control: Control, logFile: string): Promise<void> {
  const deadline = Date.now() + HEALTHY_WITHIN_MS;
  let last = 'no answer';
  while (Date.now() < deadline) {
    const reply = await callControl(control, { method: 'GET', path: '/healthz' }).catch(() => null);
    if (reply?.status === 200) return;
    if (reply !== null) last = `${reply.status} ${reply.body.code ?? ''}`.trim();
    await sleep(100);
  }
  throw new Error(`the gateway does not get healthy (${last}); its log: ${logFile}`);
}

/** The first token that may do everything. */
function adminToken(secrets: Readonly<Record<string, string>>): string {
  const parsed = parseAdminTokens(secrets.ADMIN_TOKEN);
  if (!parsed.ok) throw new UsageError(`.dev.vars: ${parsed.problem}`);
  const full = parsed.tokens.find(({ scope }) => scope === 'full');
  if (full === undefined) throw new UsageError('.dev.vars: ADMIN_TOKEN has no token that may do more than read');
  return full.token;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
try {
  await start(readFlags(process.argv.slice(2)));
} catch (error) {
  await stop(1, error instanceof Error ? firstLine(error, error instanceof UsageError) : String(error));
}

function firstLine(error: Error, whole: boolean): string {
  return whole ? error.message.replaceAll('\n', ' ') : (error.message.split('\n')[0] ?? error.name);
}
