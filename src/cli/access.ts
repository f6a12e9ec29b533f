import { createKeystile, type Keystile } from '../client/client.ts';
import { CliError, EXIT, misuse } from './exit.ts';
import type { Output } from './output.ts';
import { sendThrough } from './send.ts';
import { readLine } from './stdin.ts';

/** As whom a command runs. */
export type Who = 'admin' | 'session' | 'key';

/** The variables that make somebody known, in the order in which they are tried. */
export const VARIABLES: Readonly<Record<Who, string>> = {
  admin: 'KEYSTILE_ADMIN_TOKEN',
  session: 'KEYSTILE_TOKEN',
  key: 'KEYSTILE_API_KEY',
};
export const BASE_URL = 'KEYSTILE_BASE_URL';
/** In place of a secret: it is read from standard input. */
const FROM_STDIN = '-';

type Environment = Readonly<Record<string, string | undefined>>;

/** The gateway, opened as somebody. */
export interface Access {
  readonly as: Who;
  readonly baseUrl: string;
  readonly keystile: Keystile;
  /** Takes the secret out of a text, should somebody have put it there. */
  redact(text: string): string;
}

/** How to open the gateway. */
export interface Wish {
  /** Who may run the command, in order. */
  readonly as: readonly Who[];
  /** Who `--as` names. */
  readonly chosen: string | undefined;
  /** The account that is meant, for sessions of several. */
  readonly account: string | undefined;
}

/** Opens the gateway. Throws a {@link CliError} that names the variable which is missing or malformed. */
export async function openAccess(env: Environment, wish: Wish, output: Output): Promise<Access> {
  const as = whoOf(env, wish, output);
  const baseUrl = env[BASE_URL] ?? '';
  if (baseUrl === '') {
    throw misuse(`${BASE_URL} is not set: put the gateway's address there, like https://keys.example.com`);
  }
  const given = env[VARIABLES[as]] ?? '';
  const token = given === FROM_STDIN ? await readLine(VARIABLES[as]) : given;
  const account = as === 'session' && wish.account !== undefined ? { account: wish.account } : {};
  try {
    const keystile = createKeystile({ baseUrl, token, ...account, fetch: sendThrough });
    return { as, baseUrl, keystile, redact: (text) => text.replaceAll(token, '…') };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const names = { baseUrl: BASE_URL, token: VARIABLES[as], account: '--account' };
    throw misuse(error.message.replace(/^(baseUrl|token|account)/, (name) => names[name as keyof typeof names]));
  }
}

function whoOf(env: Environment, { as, chosen }: Wish, output: Output): Who {
  if (chosen !== undefined) {
    const who = as.find((each) => each === chosen);
    if (who === undefined) throw misuse(`--as: expected ${as.join(' or ')}, who alone can do this`);
    if (!env[VARIABLES[who]]) throw misuse(`--as ${who} needs ${VARIABLES[who]}, which is not set`);
    return who;
  }
  const set = as.filter((who) => env[VARIABLES[who]]);
  const [who] = set;
  if (who === undefined) {
    const hint = as.map((each) => VARIABLES[each]).join(' or ');
    throw new CliError(EXIT.usage, `${hint} is not set: put ${as.map((each) => SECRETS[each]).join(', or ')} there`);
  }
  if (set.length > 1) output.note(`as ${who}, by ${VARIABLES[who]}; --as chooses another`);
  return who;
}

const SECRETS: Readonly<Record<Who, string>> = {
  admin: 'an admin token of the gateway',
  session: 'a session token of the sign-in',
  key: 'an API key',
};
