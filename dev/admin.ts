import { type Control, callControl, type Reply } from './control.ts';
import { type Memory, recall, remember, type State } from './state.ts';

/** A key that was just made; the secret is shown once. */
export interface DemoKey {
  readonly id: string;
  readonly key: string;
}

/** Who asks the admin routes, and where. */
export interface Admin {
  readonly control: Control;
  readonly token: string;
}

/**
 * A new key of the demo account, which the first run of a preset makes; the last run's key is revoked, since nobody
 * can be shown its secret again. Throws where the gateway refuses.
 */
export async function mintDemoKey(
  admin: Admin,
  state: State,
  wanted: { readonly preset: string; readonly environment: string },
): Promise<DemoKey> {
  const memory = recall(state);
  if (memory.demoKeyId !== null) await revoke(admin, memory.demoKeyId);
  const accountId = memory.accounts[wanted.preset];
  const minted = accountId === undefined ? null : await mint(admin, accountId, wanted.environment);
  if (minted !== null && accountId !== undefined) return kept(state, memory, wanted.preset, accountId, minted);
  const madeId = await createAccount(admin);
  const first = await mint(admin, madeId, wanted.environment);
  if (first === null) throw new Error('the account that was just made is not there');
  return kept(state, memory, wanted.preset, madeId, first);
}

function kept(state: State, memory: Memory, preset: string, accountId: string, key: DemoKey): DemoKey {
  remember(state, { accounts: { ...memory.accounts, [preset]: accountId }, demoKeyId: key.id });
  return key;
}

async function createAccount(admin: Admin): Promise<string> {
  const reply = await post(admin, '/accounts', { name: 'Demo' });
  if (reply.status !== 201) throw refused('an account', reply);
  return String(reply.body.id);
}

/** A new key, or null where there is no such account (any more). */
async function mint(admin: Admin, accountId: string, environment: string): Promise<DemoKey | null> {
  const label = `demo ${new Date().toISOString()}`;
  const reply = await post(admin, `/accounts/${accountId}/keys`, { label, environment });
  if (reply.status === 404) return null;
  if (reply.status !== 201) throw refused('a key', reply);
  return { id: String(reply.body.id), key: String(reply.body.key) };
}

async function revoke(admin: Admin, keyId: string): Promise<void> {
  const reply = await post(admin, `/keys/${keyId}/revoke`);
  if (reply.status !== 204 && reply.status !== 404) throw refused("the last demo key's revocation", reply);
}

function post(admin: Admin, path: string, body?: object): Promise<Reply> {
  return callControl(admin.control, { method: 'POST', path: `/admin/v1${path}`, token: admin.token, body });
}

function refused(what: string, { status, body }: Reply): Error {
  const { code, detail, message, title } = body;
  return new Error(
    `the gateway refused ${what}: ${[status, code, detail ?? message ?? title].filter(Boolean).join(' ')}`,
  );
}
