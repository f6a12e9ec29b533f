import { parse } from 'smol-toml';
import { vi } from 'vitest';
import { type Cluster, type IssuedKey, type Send, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { keyOf, type Member, operate } from '../../support/members.ts';
import { startOrigin, type TestOrigin } from '../../support/origin.ts';
import { visit } from '../../support/people.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';
import { type Json, type Reply, read } from '../../support/reply.ts';
import type { ProductDocument } from './document.ts';

/*
 * Where a product's document is tried: a gateway that is switched by its policy alone, `{ preset, session, upstreams }`,
 * with a sign-in, an origin and receivers of events of its own, which stand on this machine. Two isolates are the product as it comes. More stand on the same stores, one
 * for each statement that is off, with the very line that the document gives for it, and one for each variant.
 */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Two isolates of the product as it comes. */
export const HERE = 0;
export const THERE = 1;

/** What a request below `/paid/` costs in environments that are billed. */
export const PAID_MICRO = 10;

type Overrides = Readonly<Record<string, unknown>>;

/** How a call differs from a GET of `/v1/models` at {@link HERE}, from an address of its own. */
export interface Call extends Send {
  readonly path?: string;
  readonly isolate?: number;
}

export class Scene {
  readonly cluster: Cluster;
  readonly issuer: Issuer;
  readonly origin: TestOrigin;
  readonly #isolates: ReadonlyMap<string, number>;
  readonly #receivers: Receiver[] = [];
  #movedMs = 0;
  #names = 0;

  constructor(cluster: Cluster, issuer: Issuer, origin: TestOrigin, isolates: ReadonlyMap<string, number>) {
    this.cluster = cluster;
    this.issuer = issuer;
    this.origin = origin;
    this.#isolates = isolates;
  }

  /** The isolate of a variant, or of a line of policy that switches a statement on. */
  isolate(name: string): number {
    const isolate = this.#isolates.get(name);
    if (isolate === undefined) throw new Error(`there is no isolate for "${name}"`);
    return isolate;
  }

  /** The time that it is on all clocks of the gateway, in ms. */
  get nowMs(): number {
    return Date.now() + this.#movedMs;
  }

  /** Lets time pass; it never comes back. */
  async pass(ms: number): Promise<void> {
    this.#movedMs += ms;
    await this.cluster.moveTime(this.#movedMs);
    for (const receiver of this.#receivers) receiver.movedMs = this.#movedMs;
  }

  /** An endpoint that a member makes, of all events unless some are named, and who receives what is sent there. */
  async endpoint(by: Member, events?: readonly string[]): Promise<Receiver> {
    const receiver = await startReceiver();
    receiver.movedMs = this.#movedMs;
    this.#receivers.push(receiver);
    const { status, body, text } = await by.ask('POST', '/webhooks', { url: receiver.url, ...(events && { events }) });
    if (status !== 201) throw new Error(`no endpoint: ${status} ${text}`);
    receiver.secrets.push(body.secret);
    return receiver;
  }

  /** A name that nothing else has. */
  name(of = 'key'): string {
    return `${of} ${++this.#names}`;
  }

  /** An address that nobody has called from yet. */
  address(): string {
    const n = ++this.#names;
    return `198.18.${n >> 8}.${n & 255}`;
  }

  /** A new account's id; on the default plan unless one is named. */
  account(plan?: string): Promise<string> {
    return this.cluster.account(this.name('Account'), plan);
  }

  /** Somebody new, in an account of their own unless one is given; their sessions hold at any time. */
  async member(role: string, account?: string): Promise<Member> {
    const [to, user] = [account ?? (await this.account()), this.name('user')];
    const { status, body, text } = await this.operate('POST', `/accounts/${to}/members`, { user, role });
    if (status !== 201) throw new Error(`no member: ${status} ${text}`);
    const visited = () => visit(this.cluster, this.issuer, { user }, { nowMs: this.nowMs });
    return {
      id: body.id,
      user,
      account: to,
      ask: async (method, path, sent, how) => (await visited()).ask(method, path, sent, { ...how, account: to }),
      client: async (isolate = HERE) => this.cluster.client((await visited()).token, { isolate, account: to }),
    };
  }

  /** A new key that a member makes, of the environment `live` and with a label of its own unless they are given. */
  key(by: Member, fields: Json = {}, isolate: number = HERE): Promise<IssuedKey> {
    return keyOf(by, { label: this.name(), ...fields }, isolate);
  }

  /** Sends a request without a key. */
  send({ path = '/v1/models', isolate = HERE, ...init }: Call = {}): Promise<Reply> {
    return read(this.cluster.send(path, { address: this.address(), ...init }, isolate));
  }

  /** Sends a request with a key as Bearer, beside other headers if there are any. */
  call(key: string | IssuedKey, { headers = {}, ...init }: Call = {}): Promise<Reply> {
    const secret = typeof key === 'string' ? key : key.key;
    return this.send({ ...init, headers: { authorization: `Bearer ${secret}`, ...headers } });
  }

  /** The status of a call with each key, one after the other. */
  async statuses(keys: readonly (string | IssuedKey)[], how: Call = {}): Promise<number[]> {
    const statuses: number[] = [];
    for (const key of keys) statuses.push((await this.call(key, how)).status);
    return statuses;
  }

  /** Calls an admin route. */
  operate(method: string, path: string, body?: unknown, isolate: number = HERE): Promise<Reply> {
    return operate(this.cluster, method, path, body, { isolate });
  }

  /** Gives an account credits. */
  async grant(account: string, micro: number): Promise<void> {
    const headers = { 'idempotency-key': `grant-${++this.#names}` };
    const { status, text } = await operate(
      this.cluster,
      'POST',
      `/accounts/${account}/credits`,
      { micro },
      { headers },
    );
    if (status !== 201) throw new Error(`no credits: ${status} ${text}`);
  }

  /** Waits until a list that a member sees at `path` has so many of `field`, and tells them. */
  listed(by: Member, path: string, field: string, many: number): Promise<Json[]> {
    return vi.waitFor(
      async () => {
        const { body } = await by.ask('GET', path);
        if (body?.[field]?.length !== many) throw new Error(`not ${many}: ${JSON.stringify(body)}`);
        return body[field];
      },
      { timeout: 30_000, interval: 200 },
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#receivers.map((receiver) => receiver.stop()));
    await this.cluster.stop();
    await this.issuer.close();
  }
}

/** Opens the gateway of a document. `variants` are overrides by name, for numbers that the document leaves open. */
export async function openScene(
  document: ProductDocument<Scene>,
  variants: Readonly<Record<string, Overrides>> = {},
): Promise<Scene> {
  const [issuer, origin] = await Promise.all([startIssuer(), startOrigin()]);
  const lines = document.sections
    .flatMap(({ statements }) => statements)
    .flatMap((statement) => (statement.kind === 'off' ? [statement.policy] : []));
  const switched = [...new Set(lines)].map((line): [string, Overrides] => [line, parse(line)]);
  const others = [...Object.entries(variants), ...switched].map(
    ([name, policy], i) => [name, i + THERE + 1, policy] as const,
  );
  const origins = [{ url: origin.url }];
  const cluster = await startCluster({
    isolates: THERE + 1 + others.length,
    origin,
    policy: {
      preset: document.preset,
      // Roles are given by the operator: those of the issuer's claims are none of the product's.
      session: { ...issuer.policy, roles: {} },
      webhooks: { allow_local: true },
      upstreams: [
        { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: PAID_MICRO } },
        { name: 'origin', origins },
      ],
    },
    policies: Object.fromEntries(others.map(([, isolate, policy]) => [isolate, policy])),
  });
  return new Scene(cluster, issuer, origin, new Map(others.map(([name, isolate]) => [name, isolate])));
}
