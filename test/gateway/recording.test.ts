import { expect, test } from 'vitest';
import { compileFormat, withLegacy } from '../../src/credential/format.ts';
import { redact } from '../../src/credential/redact.ts';
import { packEvent, type RequestEvent } from '../../src/decision/event.ts';
import { type Answered, record } from '../../src/gateway/recording.ts';
import { loadPolicy } from '../../src/policy/load.ts';

const loaded = loadPolicy({ log: { query: true } });
if (!loaded.ok) throw new Error(loaded.problems.join('; '));
const { policy } = loaded;
const compiled = compileFormat(policy.key.template, Object.keys(policy.environments));
if (!compiled.ok) throw new Error(compiled.problem);
const { format } = compiled;
const MOST_CHARS = 1_024;

/** The path of the event that comes of a request. */
function recorded(path: string, search = '', of = format): string {
  const events: RequestEvent[] = [];
  const answered = {
    house: {
      policy,
      edge: { format: of, clock: { nowMs: () => 0 }, counters: { send: () => {}, raise: () => {} } },
      delivery: { record: (_: unknown, event: RequestEvent) => events.push(event) },
    },
    path,
    search,
    back: {},
    key: { environment: 'live' },
    ticket: null,
  } as unknown as Answered;
  record(answered, 200, null, { bytes: 0, micro: 0, tokens: { prompt: 0, completion: 0 } } as never);
  return events[0]?.path ?? '';
}

test('a path is recorded as it is with its query, up to 1,024 characters', () => {
  expect(recorded('/v1/models', '?a=1')).toBe('/v1/models?a=1');
  const longest = `/${'a'.repeat(MOST_CHARS - 1)}`;
  expect(recorded(longest)).toBe(longest);
  for (const [path, search] of [
    [`${longest}a`, ''],
    ['/', `?${'a'.repeat(15_000)}`],
  ] as const) {
    expect(recorded(path, search)).toBe(`${(path + search).slice(0, MOST_CHARS - 1)}…`);
  }
});

test('a key that is cut off with its path is still taken out', () => {
  const secret = 'AbCdEfGh0123456789AbCdEfGh012345Zz9Zz9';
  for (let before = MOST_CHARS - 60; before < MOST_CHARS; before++) {
    const path = recorded(`/${'-'.repeat(before)}/ks_live_${secret}/more`);
    const sent = redact(JSON.stringify([packEvent({ path } as RequestEvent)]), format);
    expect(sent).not.toContain(secret.slice(0, 17));
  }
});

test('a secret of an older system is taken out of a path and its query, also where the path is cut', () => {
  const lengths = { min_length: 32, max_length: 32, visible_chars: 4, environment: 'live' } as const;
  const bare = withLegacy(format, [{ name: 'bare', prefix: '', charset: 'hex', ...lengths }]);
  const secret = '3f9c0e5d7b1a2c4e6f8091a3b5c7d9e1';
  expect(recorded(`/v1/${secret}/x`, `?key=${secret}`, bare)).toBe('/v1/3f9c…/x?key=3f9c…');
  for (let before = MOST_CHARS - 60; before < MOST_CHARS; before++) {
    expect(recorded(`/${'-'.repeat(before)}/${secret}`, '', bare)).not.toContain(secret.slice(0, 5));
  }
});
