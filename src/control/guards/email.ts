/**
 * An e-mail address as invitations and sessions are compared: ASCII letters in lower case, all else as it is. Lower case
 * by Unicode makes a "k" of the Kelvin sign, and so one person's address of another's.
 */
export function emailKey(address: string): string {
  return address.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
