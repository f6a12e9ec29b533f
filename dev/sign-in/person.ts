/** Who signs in, as typed. */
export interface Person {
  /** Becomes the claim `sub`, and the local part of the e-mail address. */
  readonly name: string;
  /** The claim `org_id`; empty: none. */
  readonly organisation: string;
  /** The claim `role`; empty: none, and the policy says which role it is. */
  readonly role: string;
}

const WORD = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const WORDS = 'expected at most 63 small letters, digits, dots, dashes or underscores';

/** The person of a filled form; or the problem, in one line, where it has none of the roles or an unfit name. */
export function readPerson(form: URLSearchParams, roles: readonly string[]): Person | string {
  const field = (name: keyof Person) => form.get(name)?.trim() ?? '';
  const person = { name: field('name'), organisation: field('organisation'), role: field('role') };
  if (!WORD.test(person.name)) return `name: ${WORDS}`;
  if (person.organisation !== '' && !WORD.test(person.organisation)) return `organisation: ${WORDS}, or nothing`;
  if (person.role !== '' && !roles.includes(person.role))
    return `role: expected one of ${roles.join(', ')}, or nothing`;
  return person;
}

/** What the issuer says of a person in an access token, beside `sub`. Nothing is ever sent to example.test (RFC 6761). */
export function claimsOf({ name, organisation, role }: Person): Record<string, string | boolean> {
  return {
    email: `${name}@example.test`,
    email_verified: true,
    ...(organisation === '' ? {} : { org_id: organisation }),
    ...(role === '' ? {} : { role }),
  };
}
