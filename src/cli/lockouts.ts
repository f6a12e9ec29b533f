import { orThrow } from '../client/client.ts';
import { type Call, command } from './command.ts';
import { EXIT, misuse } from './exit.ts';
import { timeText } from './output.ts';
import { readLine } from './stdin.ts';

const OPERATOR = ['admin'] as const;
const ARGS = ['KIND', 'SUBJECT'];
const MORE = `KIND is ip, with an address, or secret, with the digest of a secret. For secret, a SUBJECT of "-" reads the secret
itself from standard input.
Example: keystile lockouts show ip 203.0.113.7`;

const showLockout = command({
  name: 'lockouts show',
  args: ARGS,
  summary: 'Show how often an address or a secret was struck, and until when it is locked',
  as: OPERATOR,
  options: {},
  more: MORE,
  async run(call) {
    const { keystile, path } = await openLockout(call);
    const lockout = await orThrow(keystile.GET('/admin/v1/lockouts/{kind}/{subject}', { params: { path } }));
    const { kind, subject, strikes, locked_until } = lockout;
    if (call.output.json) call.output.value(lockout);
    else call.output.fields({ kind, subject, strikes: String(strikes), 'locked until': timeText(locked_until) });
    return EXIT.ok;
  },
});

const liftLockout = command({
  name: 'lockouts lift',
  args: ARGS,
  summary: 'Lift a lock and clear the strikes',
  as: OPERATOR,
  options: {},
  more: MORE,
  async run(call) {
    const { keystile, path } = await openLockout(call);
    await orThrow(keystile.DELETE('/admin/v1/lockouts/{kind}/{subject}', { params: { path } }));
    if (call.output.json) call.output.value({ ...path, lifted: true });
    else call.output.line(`${path.kind} ${path.subject} is not locked any more`);
    return EXIT.ok;
  },
});

/** What is done with lockouts. */
export const LOCKOUT_COMMANDS = [showLockout, liftLockout];

/** Opens the gateway for one lockout. A secret that stands where its digest should is not sent: it would be in a URL. */
async function openLockout({ args: [kind, subject = ''], open }: Call) {
  if (kind === 'ip') {
    if (!/^[0-9A-Fa-f.:/]{2,50}$/.test(subject)) throw misuse('expected an IP address, like 203.0.113.7');
    return { keystile: (await open(OPERATOR)).keystile, path: { kind, subject } } as const;
  }
  if (kind !== 'secret') throw misuse('expected ip or secret as KIND');
  if (subject !== '-' && !/^[A-Za-z0-9_-]{43}$/.test(subject)) {
    throw misuse('expected the digest of a secret, or "-" to read the secret itself from standard input');
  }
  const { keystile } = await open(OPERATOR);
  if (subject !== '-') return { keystile, path: { kind, subject } } as const;
  const key = await readLine('the secret');
  const { digest } = await orThrow(keystile.POST('/admin/v1/keys/lookup', { body: { key } }));
  return { keystile, path: { kind, subject: digest } } as const;
}
