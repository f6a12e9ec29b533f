import { misuse } from './exit.ts';

/** The id of a key. Anything else is not told back: it could be a secret, which belongs into no URL. */
export function keyId(text: string | undefined): string {
  if (text !== undefined && /^key_[A-Za-z0-9]{1,60}$/.test(text)) return text;
  throw misuse('expected the id of a key, like key_9dKx2LpT; keystile keys list shows them');
}

/** The account that an operator means. */
export function accountOf(text: string | undefined): string {
  if (text === undefined) throw misuse('an admin token needs --account, the id of an account');
  if (/^acc_[A-Za-z0-9]{1,60}$/.test(text)) return text;
  throw misuse('--account: expected the id of an account, like acc_3vJ8wFq2');
}
