import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { parseAdminTokens } from '../src/control/guards/tokens.ts';

/** A mistake of the caller: its message is one clear line, printed without a stack. */
export class UsageError extends Error {}

/** What `npm start` was asked for. */
export interface Flags {
  readonly port: number;
  readonly preset: string;
  /** Overrides of the preset, as given. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** The origin to stand in front of; null: the demo origin. */
  readonly upstream: string | null;
  /** Where data is kept; null: the project's own folder. */
  readonly state: string | null;
  /** null: the one in `.dev.vars`. */
  readonly adminToken: string | null;
}

/** What `npm run token` was asked for. */
export interface TokenFlags {
  readonly user: string;
  /** Empty: none. */
  readonly org: string;
  /** Empty: as the account has it. */
  readonly role: string;
  /** As in {@link Flags}. */
  readonly state: string | null;
}

const OPTIONS = {
  port: { type: 'string', default: '8787' },
  preset: { type: 'string', default: 'keystile' },
  policy: { type: 'string', default: '{}' },
  upstream: { type: 'string' },
  state: { type: 'string' },
  'admin-token': { type: 'string' },
} as const;

const TOKEN_OPTIONS = {
  user: { type: 'string', default: 'alice' },
  org: { type: 'string', default: 'demo' },
  role: { type: 'string', default: '' },
  state: { type: 'string' },
} as const;

/** The flags of one run. Throws a {@link UsageError} that names the flag for whatever is unknown or malformed. */
export function readFlags(args: readonly string[]): Flags {
  const values = parse(args, OPTIONS);
  return {
    port: readPort(values.port),
    preset: values.preset,
    policy: readPolicy(values.policy),
    upstream: values.upstream === undefined ? null : readOrigin(values.upstream),
    state: values.state === undefined ? null : readDirectory(values.state),
    adminToken: values['admin-token'] === undefined ? null : readToken(values['admin-token']),
  };
}

/** The flags of one token; the issuer judges who is named. Throws a {@link UsageError} for whatever is unknown. */
export function readTokenFlags(args: readonly string[]): TokenFlags {
  const values = parse(args, TOKEN_OPTIONS);
  return { ...values, state: values.state === undefined ? null : readDirectory(values.state) };
}

function parse<Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [firstSentence] = error instanceof Error ? error.message.split(/\.\s|\n/) : [String(error)];
    throw new UsageError(
      `${firstSentence}; flags: ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(' ')}`,
    );
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new UsageError(`--port: expected a number from 1 to 65535, got "${text}"`);
}

function readPolicy(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--policy: not JSON: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : error}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UsageError(`--policy: expected a JSON object such as '{"lease":"0s"}'`);
}

function readOrigin(text: string): string {
  const url = URL.parse(text);
  const isOrigin =
    url !== null && /^https?:$/.test(url.protocol) && url.pathname + url.search + url.hash + url.username === '/';
  if (isOrigin) return url.origin;
  throw new UsageError(`--upstream: expected an http or https origin such as "https://api.example.com", got "${text}"`);
}

function readDirectory(text: string): string {
  if (text !== '') return text;
  throw new UsageError('--state: expected a folder');
}

function readToken(text: string): string {
  const parsed = parseAdminTokens(text);
  if (!parsed.ok) throw new UsageError(`--admin-token: ${parsed.problem}`);
  if (parsed.tokens.some(({ scope }) => scope === 'full')) return text;
  throw new UsageError('--admin-token: expected a token that may do more than read');
}
