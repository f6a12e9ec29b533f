import OpenAI, { AuthenticationError, PermissionDeniedError, RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Origin, startOrigin } from '../../dev/origin.ts';
import { type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { unissuedKey } from '../support/keys.ts';
import { startOrigin as startTestOrigin } from '../support/origin.ts';

/*
 * The client that customers have: the `openai` SDK, which is told the gateway's address and a key and nothing else.
 */

const MESSAGES = [{ role: 'user' as const, content: 'hello' }];
const ANSWER = 'You said "hello". This answer came through Keystile from the demo origin.';

let demo: Origin;
let cluster: Cluster;
let account: string;
let good: IssuedKey;

/** The edge sets the address in production; here the client names it. */
function clientOf(key: string, address = '192.0.2.1'): OpenAI {
  const defaultHeaders = { 'cf-connecting-ip': address };
  return new OpenAI({ baseURL: `${cluster.urls[0]}/v1`, apiKey: key, maxRetries: 0, defaultHeaders });
}

function chat(client: OpenAI) {
  return client.chat.completions.create({ model: 'demo', messages: MESSAGES });
}

beforeAll(async () => {
  demo = await startOrigin();
  const origin = await startTestOrigin();
  const upstreams = [{ name: 'demo', origins: [{ url: demo.url }] }];
  cluster = await startCluster({ origin, policy: { upstreams } });
  account = await cluster.account();
  good = await cluster.issue(account);
});
afterAll(async () => {
  await cluster.stop();
  demo.close();
});

describe('the openai SDK with a key of the gateway', () => {
  it('chats', async () => {
    const completion = await chat(clientOf(good.key));
    expect(completion.choices[0]?.message.content).toBe(ANSWER);
    expect(completion.usage?.total_tokens).toBeGreaterThan(1);
  });

  it('chats streaming, and gets each chunk when the origin sends it', async () => {
    const stream = await clientOf(good.key).chat.completions.create({
      model: 'demo',
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens = 0;
    const arrivedAtMs: number[] = [];
    for await (const chunk of stream) {
      arrivedAtMs.push(performance.now());
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    expect(text).toBe(ANSWER);
    expect(tokens).toBeGreaterThan(1);
    // The origin takes 40 ms between chunks; a gateway that collected them would hand all of them over at once.
    const [first = 0, last = 0] = [arrivedAtMs[0], arrivedAtMs.at(-1)];
    expect(last - first).toBeGreaterThan(200);
  });

  it('lists models, and sees the errors of the origin as they are', async () => {
    const models = await clientOf(good.key).models.list();
    expect(models.data.map(({ id }) => id)).toEqual(['demo']);
    await expect(clientOf(good.key).files.list()).rejects.toMatchObject({ status: 404, type: 'invalid_request_error' });
  });
});

describe('the openai SDK throws', () => {
  it('AuthenticationError with a wrong key, naming neither it nor a stack', async () => {
    const key = unissuedKey();
    const error = await chat(clientOf(key)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect((error as AuthenticationError).status).toBe(401);
    expect((error as AuthenticationError).headers?.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(String((error as Error).message)).not.toContain(key);
  });

  it('AuthenticationError with a revoked key, at the very next call', async () => {
    const { key, id } = await cluster.issue(account);
    const client = clientOf(key);
    await chat(client);
    expect((await cluster.admin('POST', `/keys/${id}/revoke`)).status).toBe(204);
    await expect(chat(client)).rejects.toBeInstanceOf(AuthenticationError);
  });

  it('PermissionDeniedError where the role forbids the call', async () => {
    const { key } = await cluster.issue(account, { role: 'viewer' });
    await expect(chat(clientOf(key))).rejects.toBeInstanceOf(PermissionDeniedError);
    expect((await clientOf(key).models.list()).data.length).toBe(1);
  });

  it('RateLimitError where the rate is reached, with the time to wait', async () => {
    const { key } = await cluster.issue(account, { rate_limit_per_minute: 1 });
    const client = clientOf(key);
    await chat(client);
    const error = await chat(client).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(Number((error as RateLimitError).headers?.get('retry-after'))).toBeGreaterThan(0);
  });

  it('RateLimitError while the address is locked', async () => {
    const address = '203.0.113.1';
    for (let i = 0; i < 20; i++) {
      await expect(chat(clientOf(unissuedKey(), address))).rejects.toBeInstanceOf(AuthenticationError);
    }
    await expect(chat(clientOf(good.key, address))).rejects.toBeInstanceOf(RateLimitError);
  });
});
