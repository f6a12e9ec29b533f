import { digestUnder, type Pepper } from '../../credential/digest.ts';
import { ID_BYTES, type IdKind, mintId } from '../../credential/mint.ts';
import type { Policy } from '../../policy/schema.ts';
import type { Actor } from '../../registry/audit.ts';
import {
  type FoundSecret,
  type Imported,
  type ImportedAccount,
  type ImportedMember,
  type Known,
  type Origin,
  type Party,
  readKnown,
  writeImported,
} from '../../registry/imports.ts';
import type { Wish } from './line.ts';
import { type Digested, memberName, type Planned, partyOf, planKey } from './plan.ts';
import { conflictOf, type Result } from './result.ts';

/** What keys are brought in with. */
export interface Mover {
  readonly db: D1Database;
  readonly policy: Policy;
  readonly peppers: readonly [Pepper, ...Pepper[]];
  readonly actor: Actor;
  readonly nowMs: number;
  /** Which chunk it is; null: a key that was asked for in its old system. */
  readonly origin: Omit<Origin, 'line'> | null;
  /** What the lines before have brought: by digest, and by account and label. */
  readonly secrets: Map<string, { readonly line: number; readonly party: string }>;
  readonly labels: Set<string>;
}

/** A line with what the registry is asked by. */
interface Sought extends Wish, Digested {
  readonly party: Party;
  /** Names the party among those of a chunk. */
  readonly partyName: string;
}

/**
 * Brings in keys, in two round trips: what there is of them, and all that is new in one transaction. Two that run at the
 * same time, of the same lines too, make each key once. Says of each line what became of it.
 */
export async function importGroup(mover: Mover, wishes: readonly Wish[]): Promise<ReadonlyMap<number, Result>> {
  const sought = await Promise.all(wishes.map((wish) => digested(mover, wish)));
  const { secrets, partyOfLine } = await knownOf(mover, sought);
  const results = new Map<number, Result>();
  const planned: Planned[] = [];
  const accounts = new Map<string, ImportedAccount>();
  const members = new Map<string, ImportedMember>();
  const planner = { policy: mover.policy, newId: idsAlike(), nowMs: mover.nowMs, accounts, members };
  const doubles: { readonly line: number; readonly first: number; readonly isSame: boolean }[] = [];
  for (const each of sought) {
    const { line, partyName } = each;
    const found = partyOfLine(each);
    const known = secrets.get(line);
    const before = mover.secrets.get(digestOf(each));
    if (known !== undefined) results.set(line, resultOfKnown(mover, line, known, found?.accountId));
    else if (before !== undefined) doubles.push({ line, first: before.line, isSame: before.party === partyName });
    else {
      const plan = planKey(planner, each, each, each.party, found);
      const refused = 'status' in plan ? plan : labelTwice(mover, line, plan, found?.accountId ?? partyName);
      if (refused !== null) results.set(line, refused);
      else if (!('status' in plan)) {
        planned.push(plan);
        if (plan.account !== null) accounts.set(plan.account.external, plan.account);
        if (plan.member !== null) members.set(memberName(each.party, found), plan.member);
        mover.secrets.set(digestOf(each), { line, party: partyName });
      }
    }
  }
  for (const [line, result] of await written(mover, { planned, accounts, members }, sought)) results.set(line, result);
  for (const { line, first, isSame } of doubles) {
    const made = results.get(first);
    const same: Origin = { import: '', chunk: mover.origin?.chunk ?? 0, line: first };
    results.set(line, duplicateOf(line, same, isSame && made?.id !== undefined ? made : null));
  }
  return results;
}

/** Bytes with which the ids of one set begin. The others are random, so that still none is ever made twice. */
const ALIKE_BYTES = 6;

/**
 * New ids that begin alike: what is written together then lies together in the trees of the registry, and a large one
 * takes keys twice as fast as with ids that lie anywhere.
 */
function idsAlike(): (kind: IdKind) => string {
  const head = crypto.getRandomValues(new Uint8Array(ALIKE_BYTES));
  return (kind) => {
    const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
    bytes.set(head);
    return mintId(kind, bytes);
  };
}

async function digested({ peppers }: Mover, wish: Wish): Promise<Sought> {
  const { inner } = wish.secret;
  const digests = await Promise.all(peppers.map((pepper) => digestUnder(pepper, inner)));
  const party = partyOf(wish.settings);
  return { ...wish, digests, pepperVersion: peppers[0].version, party, partyName: JSON.stringify(party) };
}

const digestOf = ({ digests }: Digested): string => digests[0] ?? '';

/** What the registry knows of some lines; each party is asked about once. */
async function knownOf({ db }: Mover, sought: readonly Sought[]) {
  const parties = new Map(sought.map(({ partyName, party }) => [partyName, party]));
  const names = [...parties.keys()];
  const known = await readKnown(db.withSession('first-primary'), sought, [...parties.values()]);
  const byName = new Map(names.map((name, i) => [name, known.parties[i] ?? null]));
  return {
    secrets: known.secrets,
    partyOfLine: ({ partyName }: Sought): Known['parties'][number] => byName.get(partyName) ?? null,
  };
}

/** What a secret that is here says of a line: by whose origin it came decides whether the line made it. */
function resultOfKnown({ origin }: Mover, line: number, known: FoundSecret, accountId: string | undefined): Result {
  const { keyId: id, accountId: account, prefix, origin: by } = known;
  if (account !== accountId) return conflictOf(line, 'other_account');
  const key = { id, account, prefix };
  if (origin === null || by?.import !== origin.import) return { line, status: 'exists', ...key };
  if (by.chunk === origin.chunk && by.line === line) return { line, status: 'created', ...key };
  return duplicateOf(line, by, key);
}

function duplicateOf(line: number, first: Origin, key: Pick<Result, 'id' | 'account' | 'prefix'> | null): Result {
  const message = `the same secret stands on line ${first.line} of chunk ${first.chunk}`;
  if (key === null) return { line, status: 'duplicate', message };
  const { id, account, prefix } = key;
  return {
    line,
    status: 'duplicate',
    ...(id && { id }),
    ...(account && { account }),
    ...(prefix && { prefix }),
    message,
  };
}

/** Why a label may not stand here, where one of the lines before has it. */
function labelTwice({ policy, labels }: Mover, line: number, { key }: Planned, account: string): Result | null {
  if (!policy.keys.label_unique || key.label === null) return null;
  const name = JSON.stringify([account, key.label]);
  if (labels.has(name)) return conflictOf(line, 'label_taken');
  labels.add(name);
  return null;
}

/** What is new, with the accounts and members that it needs, each of them once. */
interface Plans {
  readonly planned: readonly Planned[];
  readonly accounts: ReadonlyMap<string, ImportedAccount>;
  readonly members: ReadonlyMap<string, ImportedMember>;
}

/** Writes what is new. What another call has brought meanwhile is told as it stands then. */
async function written(
  mover: Mover,
  { planned, accounts, members }: Plans,
  sought: readonly Sought[],
): Promise<readonly (readonly [number, Result])[]> {
  if (planned.length === 0) return [];
  const { db, policy, origin, actor, nowMs } = mover;
  const terms = { uniqueLabel: policy.keys.label_unique, origin };
  const set = { keys: planned.map(({ key }) => key), accounts: [...accounts.values()], members: [...members.values()] };
  const made = await writeImported(db, set, terms, actor, nowMs);
  const isMade = (imported: Imported | undefined) => typeof imported === 'object' && imported !== null;
  const left = sought.filter(({ line }) => made.has(line) && !isMade(made.get(line)));
  const { secrets, partyOfLine } = await (left.length === 0 ? NOTHING_LEFT : knownOf(mover, left));
  const byLine = new Map(left.map((each) => [each.line, each]));
  return planned.map(({ key: { line, id, prefix } }) => {
    const imported = made.get(line) ?? null;
    if (imported !== null && imported !== 'label_taken') {
      return [line, { line, status: 'created', id, account: imported.accountId, prefix }] as const;
    }
    const known = secrets.get(line);
    const party = byLine.get(line);
    if (known !== undefined && party !== undefined) {
      return [line, resultOfKnown(mover, line, known, partyOfLine(party)?.accountId)] as const;
    }
    return [line, conflictOf(line, imported ?? 'overtaken')] as const;
  });
}

const NOTHING_LEFT: Awaited<ReturnType<typeof knownOf>> = { secrets: new Map(), partyOfLine: () => null };
