import type { Random } from '../meter/timeline.ts';
import type { Cluster } from './cluster.ts';
import type { Issuer } from './issuer.ts';
import { letIn, type Member, operate, signIn } from './members.ts';
import type { Ask } from './people.ts';
import type { Json, Reply } from './reply.ts';

/*
 * Members of a few accounts, and the operator, who change keys and members at random and at the same time, from every
 * isolate. What they were answered is all that they know.
 */

/** What was asked and answered. Times are of this process's monotonic clock. */
export interface Asked {
  readonly requestId: string;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly status: number;
  readonly body: Json;
}

/** A change that was asked for, once or (with an Idempotency-Key) several times. */
export interface Change {
  readonly kind: Kind;
  /** The key or the member that it is about; of a new key, the member who makes it; null: a new member. */
  readonly about: string | null;
  /** What was sent, and is shown by the answer where it was done. */
  readonly wanted: Json;
  readonly asked: readonly Asked[];
}

/** How often each kind of change is asked for, of a thousand. */
const SHARES = {
  create: 300,
  patch: 130,
  rotate: 180,
  revoke: 70,
  purge: 10,
  deactivate: 90,
  activate: 90,
  remove: 25,
  role: 25,
  add: 30,
  invite: 30,
  join: 20,
} as const;
export type Kind = keyof typeof SHARES;
const KINDS = (Object.entries(SHARES) as [Kind, number][]).flatMap(([kind, share]) =>
  Array<Kind>(share / 5).fill(kind),
);

interface KnownKey {
  readonly id: string;
  readonly account: string;
  readonly maker: Member;
}

interface Call {
  readonly send: (ask: Omit<Ask, 'account'>) => Promise<Reply>;
  readonly wanted?: Json;
}

/** Who asks for what. */
export class World {
  readonly changes: Change[] = [];
  /** All secrets that were ever shown. */
  readonly secrets: string[] = [];
  readonly #cluster: Cluster;
  readonly #issuer: Issuer;
  readonly #random: Random;
  readonly #keys: KnownKey[] = [];
  readonly #members: Member[] = [];
  readonly #admins: Member[] = [];
  readonly #invited: { readonly email: string; readonly account: string }[] = [];
  #made = 0;

  constructor(cluster: Cluster, issuer: Issuer, random: Random) {
    this.#cluster = cluster;
    this.#issuer = issuer;
    this.#random = random;
  }

  /** Everybody who ever was a member. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** Makes accounts with an admin and some developers each; the first developers are the same people in each. */
  async begin(accounts: number, developers: number): Promise<void> {
    const made = await Promise.all(
      Array.from({ length: accounts }, async (_, n) => {
        const account = await this.#cluster.account(`Account ${n}`);
        this.#admins.push(await letIn(this.#cluster, this.#issuer, account, 'account_admin', `admin_${n}`));
        const users = Array.from({ length: developers }, (_, i) => (i < 2 ? `shared_${i}` : `user_${n}_${i}`));
        return Promise.all(users.map((user) => letIn(this.#cluster, this.#issuer, account, 'developer', user)));
      }),
    );
    this.#members.push(...this.#admins, ...made.flat());
  }

  /** Asks for one change after the other from an isolate; between them it calls with some key. */
  async work(isolate: number, left: Iterator<number>): Promise<void> {
    for (let next = left.next(); next.done !== true; next = left.next()) {
      await this.#change(this.#pick(KINDS) as Kind, isolate);
      const secret = this.#pick(this.secrets);
      if (secret !== undefined && this.#random.chance(0.5)) {
        await (await this.#cluster.call(secret, isolate, `10.2.0.${isolate}`)).arrayBuffer();
      }
    }
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random.between(0, items.length))];
  }

  /** A key of those that were made last: several change the same one at the same time. */
  #key(): KnownKey | undefined {
    return this.#pick(this.#random.chance(0.7) ? this.#keys.slice(-12) : this.#keys);
  }

  async #change(kind: Kind, isolate: number): Promise<void> {
    const n = ++this.#made;
    switch (kind) {
      case 'create':
        return this.#create(n, isolate);
      case 'remove':
      case 'role':
        return this.#changeMember(kind, isolate);
      case 'add':
        return this.#add(n, isolate);
      case 'invite':
        return this.#invite(n, isolate);
      case 'join':
        return this.#join(isolate);
      default:
        return this.#changeKey(kind, n, isolate);
    }
  }

  async #create(n: number, isolate: number): Promise<void> {
    const maker = this.#pick(this.#members) as Member;
    const body = { environment: 'live', label: `key ${n}` };
    const send: Call['send'] = (ask) => maker.ask('POST', '/api-keys', body, ask);
    const { asked } = await this.#ask('create', maker.id, isolate, { send, wanted: body });
    const made = asked.find(({ body: shown }) => shown?.key !== undefined)?.body;
    if (made === undefined) return;
    this.#keys.push({ id: made.id, account: maker.account, maker });
    this.secrets.push(made.key);
  }

  async #changeKey(kind: Exclude<Kind, 'create'>, n: number, isolate: number): Promise<void> {
    const key = this.#key();
    if (key === undefined) return this.#create(n, isolate);
    const once = () => this.#ask(kind, key.id, isolate, this.#toKey(kind, key, n));
    const twice = kind === 'rotate' && this.#random.chance(0.3);
    const changes = await Promise.all(twice ? [once(), once()] : [once()]);
    for (const { asked } of changes) {
      const secret = asked.find(({ body }) => body?.new_api_key !== undefined)?.body.new_api_key;
      if (secret !== undefined) this.secrets.push(secret);
    }
  }

  #toKey(kind: Kind, { id, account, maker }: KnownKey, n: number): Call {
    const random = this.#random;
    const by = random.chance(0.6) ? maker : this.#adminOf(account);
    const isOperator = random.chance(0.2);
    const send = (method: string, rest: string, body?: Json): Call => {
      const path = `/${id}${rest}`;
      return {
        send: (ask) =>
          isOperator
            ? operate(this.#cluster, method, `/keys${path}`, body, ask)
            : by.ask(method, `/api-keys${path}`, body, ask),
        ...(kind === 'patch' && { wanted: body }),
      };
    };
    if (kind === 'rotate')
      return send('POST', '/rotate', this.#pick([{}, {}, { grace_seconds: 0 }, { grace_seconds: 3_600 }]));
    if (kind === 'revoke') return send('DELETE', '');
    if (kind === 'purge') return send('DELETE', '?purge=true');
    if (kind !== 'patch') return send('POST', `/${kind}`);
    const limits = { rate_limit_per_minute: this.#pick([0, 5_000, null, null]) };
    const end = { expires_at: new Date(Date.now() + 3_600_000).toISOString() };
    return send('PATCH', '', { label: `key ${n}`, ...(random.chance(0.5) && limits), ...(random.chance(0.2) && end) });
  }

  async #changeMember(kind: 'remove' | 'role', isolate: number): Promise<void> {
    const { id, account } = this.#pick(this.#members) as Member;
    const admin = this.#adminOf(account);
    const role = this.#random.chance(0.5) ? 'viewer' : 'developer';
    const call: Call =
      kind === 'remove'
        ? { send: (ask) => admin.ask('DELETE', `/members/${id}`, undefined, ask) }
        : { send: (ask) => admin.ask('PATCH', `/members/${id}`, { role }, ask), wanted: { role } };
    await this.#ask(kind, id, isolate, call);
  }

  /** Lets in somebody new, or who may have been removed; some at the same time with two roles. */
  async #add(n: number, isolate: number): Promise<void> {
    const { account } = this.#pick(this.#admins) as Member;
    const before = this.#pick(this.#members.filter((member) => member.account === account)) as Member;
    const user = this.#random.chance(0.3) ? `new_${n}` : before.user;
    const add = (role: string) => {
      const wanted = { user, role };
      const send: Call['send'] = (ask) => operate(this.#cluster, 'POST', `/accounts/${account}/members`, wanted, ask);
      return this.#ask('add', null, isolate, { send, wanted });
    };
    const changes = await Promise.all(
      this.#random.chance(0.5) ? [add('developer'), add('viewer')] : [add('developer')],
    );
    const made = changes.flatMap(({ asked }) => asked).find(({ status }) => status === 201)?.body;
    if (made === undefined) return;
    this.#members.push(await signIn(this.#cluster, this.#issuer, { id: made.id, user, account }));
  }

  async #invite(n: number, isolate: number): Promise<void> {
    const { account, ask: askAdmin } = this.#pick(this.#admins) as Member;
    const email = `guest_${n}@example.com`;
    const send: Call['send'] = (ask) => askAdmin('POST', '/members', { email }, ask);
    const { asked } = await this.#ask('invite', null, isolate, { send, wanted: { email } });
    if (asked.some(({ status }) => status === 201)) this.#invited.push({ email, account });
  }

  async #join(isolate: number): Promise<void> {
    const invited = this.#invited.shift();
    if (invited === undefined) return this.#invite(++this.#made, isolate);
    const { email, account } = invited;
    const member = await signIn(this.#cluster, this.#issuer, { id: '', user: email, account, email });
    await this.#ask('join', null, isolate, { send: (ask) => member.ask('GET', '/account', undefined, ask) });
    const find = 'SELECT id FROM members WHERE user_id = ? AND account_id = ?';
    const id = await (await this.#cluster.database()).prepare(find).bind(email, account).first<string>('id');
    if (id !== null) this.#members.push({ ...member, id });
  }

  #adminOf(account: string): Member {
    return this.#admins.find((member) => member.account === account) as Member;
  }

  /** Asks, some POSTs twice with an Idempotency-Key, and notes what was answered. */
  async #ask(kind: Kind, about: string | null, isolate: number, { send, wanted = {} }: Call): Promise<Change> {
    const repeats = (kind === 'create' || kind === 'rotate' || kind === 'add') && this.#random.chance(0.1);
    const headers = repeats ? { 'idempotency-key': crypto.randomUUID() } : {};
    const isolates = repeats ? [isolate, (isolate + 3) % this.#cluster.urls.length] : [isolate];
    const asked = await Promise.all(
      isolates.map(async (each): Promise<Asked> => {
        const sentMs = performance.now();
        const { status, body, headers: answered } = await send({ isolate: each, headers });
        const requestId = answered.get('x-request-id') ?? '';
        return { requestId, sentMs, answeredMs: performance.now(), status, body };
      }),
    );
    const change = { kind, about, wanted, asked };
    this.changes.push(change);
    return change;
  }
}
