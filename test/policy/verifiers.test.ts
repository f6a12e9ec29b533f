import { expect, test } from 'vitest';
import { loadPolicy } from '../../src/policy/load.ts';

/* A role that verifies asks about every key there is; whoever may get a role at will must not get that one. */

const verifier = { roles: { open: { allow: [{ paths: ['/**'] }], verifies: true } } };
const problemsOf = (policy: object): readonly string[] => {
  const loaded = loadPolicy({ ...verifier, ...policy });
  return loaded.ok ? [] : loaded.problems;
};
const refusal = (field: string) => [`policy.${field}: "open" verifies, and this is a role that anyone may get`];

test('a role that verifies is given by operators', () => {
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf({ keys: { default_role: 'open' } })).toEqual([]);
});

test('it is not the role of trial keys, where there are any', () => {
  expect(problemsOf({ trial: { role: 'open' } })).toEqual(refusal('trial.role'));
  expect(problemsOf({ trial: { role: 'open', enabled: false } })).toEqual([]);
});

test('nor does such a role give it on, at however many steps', () => {
  const roles = {
    open: verifier.roles.open,
    middle: { allow: [], grants: ['open'] },
    account_admin: { allow: [{ paths: ['/**'] }], grants: ['viewer', 'middle'] },
    apart: { allow: [], grants: ['open'] },
  };
  const members = { first_role: 'account_admin' };
  expect(problemsOf({ roles, members })).toEqual([
    'policy.roles.middle.grants[0]: "open" verifies, and "middle" is a role that anyone may get',
  ]);
  expect(problemsOf({ roles, members: { ...members, join: 'invitation' } })).toEqual([]);
  expect(problemsOf({ roles: { ...roles, account_admin: { allow: [], grants: ['viewer'] } }, members })).toEqual([]);
});

test.each(['first_role', 'default_role'])('it is not members.%s where anyone may sign in', (field) => {
  expect(problemsOf({ members: { [field]: 'open' } })).toEqual(refusal(`members.${field}`));
  expect(problemsOf({ members: { [field]: 'open', join: 'invitation' } })).toEqual([]);
  expect(problemsOf({ members: { [field]: 'open', join: 'admin' } })).toEqual([]);
});
