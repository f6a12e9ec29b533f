import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Doh, type Records, startDoh } from '../../support/doh.ts';
import { addEndpoint } from '../../support/endpoints.ts';
import { operate } from '../../support/members.ts';
import { startOrigin } from '../../support/origin.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';

/*
 * An endpoint's address is judged when it is made and again before each attempt: what has become private since is sent
 * nothing.
 */

const PUBLIC: Records = { A: ['93.184.215.14'] };
const NAME = 'hooks.example.com';
/** One more attempt after the first. */
const RETRIES = ['50ms'];

let cluster: Cluster;
let doh: Doh;
let receiver: Receiver;

beforeAll(async () => {
  [doh, receiver] = await Promise.all([startDoh(), startReceiver()]);
  const origin = await startOrigin();
  const upstreams = [
    { name: 'local', path: '/v1/**', origins: [{ url: origin.url }] },
    { name: 'api', origins: [{ url: 'https://first.example.com' }, { url: 'https://Origin.example.com:8443' }] },
  ];
  const policy = { webhooks: { resolver: doh.url, retries: RETRIES }, upstreams };
  cluster = await startCluster({ policy, origin });
});
afterAll(async () => {
  await Promise.all([cluster?.stop(), doh?.stop(), receiver?.stop()]);
});
beforeEach(() => {
  doh.names.clear();
});

/** Of events that do not happen here: it hears of its tests alone. */
const events = ['cron_late'];
const create = (url: string) => operate(cluster, 'POST', '/webhooks', { url, events });

/** Lets an endpoint be tested until its attempts are used up. Returns them. */
async function attemptsAt(id: string): Promise<{ status: number | null; error: string; response: unknown }[]> {
  const { body, status } = await operate(cluster, 'POST', `/webhooks/${id}/test`, {});
  expect(status).toBe(201);
  const read = async () => (await operate(cluster, 'GET', `/webhooks/${id}/deliveries/${body.id}`)).body;
  await expect.poll(read, { timeout: 60_000 }).toMatchObject({ status: 'failed' });
  return (await read()).log;
}

const refused = { status: null, error: 'address_refused', response: null };

describe('an endpoint is made', () => {
  it('where DNS gives public addresses alone', async () => {
    doh.names.set(NAME, PUBLIC);
    expect((await create(`https://${NAME}/keys`)).status).toBe(201);
  });

  it.each<[string, Records | null, string]>([
    ['http://hooks.example.com', PUBLIC, 'url: expected https'],
    ['https://169.254.169.254/latest/meta-data', PUBLIC, 'url: expected a public address, or a name that has one'],
    ['https://[::ffff:10.0.0.1]/', PUBLIC, 'url: expected a public address, or a name that has one'],
    ['https://localhost', PUBLIC, 'url: expected the full name of a public host, like hooks.example.com'],
    ['https://origin.example.com/admin', PUBLIC, 'url: expected a host that is not behind this gateway'],
    ['https://ORIGIN.example.com./', PUBLIC, 'url: expected a host that is not behind this gateway'],
    [`https://${NAME}`, { A: ['93.184.215.14', '10.0.0.1'] }, 'url: its host has an address that is not public'],
    [`https://${NAME}`, { A: ['93.184.215.14'], AAAA: ['::1'] }, 'url: its host has an address that is not public'],
    [`https://${NAME}`, null, 'url: its host has no address in DNS: expected a name that resolves'],
  ])('not at %s with %j', async (url, records, problem) => {
    if (records !== null) doh.names.set(NAME, records);
    const before = (await operate(cluster, 'GET', '/webhooks')).text;
    const { status, body } = await create(url);
    expect([status, body.code, body.detail]).toEqual([400, 'request_invalid', expect.stringContaining(problem)]);
    expect((await operate(cluster, 'GET', '/webhooks')).text).toBe(before);
  });

  it('not while the resolver does not say, which is told', async () => {
    doh.names.set(NAME, (_, response) => response.writeHead(503).end());
    const { status, body } = await create(`https://${NAME}`);
    expect([status, body.detail]).toEqual([400, 'url: its host could not be resolved just now: try again']);
  });
});

it('its address is changed only to one that it could be made with', async () => {
  doh.names.set(NAME, PUBLIC);
  const { body } = await create(`https://${NAME}/first`);
  doh.names.set('inside.example.com', { A: ['10.0.0.1'] });
  for (const url of ['https://inside.example.com', 'https://10.0.0.1', `http://${NAME}`]) {
    expect((await operate(cluster, 'PATCH', `/webhooks/${body.id}`, { url })).status).toBe(400);
  }
  expect((await operate(cluster, 'GET', `/webhooks/${body.id}`)).body.url).toBe(`https://${NAME}/first`);
});

describe('before each attempt', () => {
  it('a name is looked up again: one that has become private is sent nothing', async () => {
    doh.names.set(NAME, PUBLIC);
    const { body } = await create(`https://${NAME}/moves`);
    doh.names.set(NAME, { A: ['10.0.0.1'] });
    doh.asked.length = 0;
    const attempts = await attemptsAt(body.id);
    expect(attempts).toMatchObject([refused, refused]);
    expect(doh.asked.filter(({ name, type }) => name === NAME && type === 'A').length).toBe(2);
  });

  it('what cannot be resolved is sent nothing, and tried again', async () => {
    doh.names.set(NAME, PUBLIC);
    const { body } = await create(`https://${NAME}/dark`);
    doh.names.set(NAME, (_, response) => response.writeHead(503).end());
    const unresolved = { ...refused, error: 'not_resolved' };
    expect(await attemptsAt(body.id)).toMatchObject([unresolved, unresolved]);
  });

  it('a local receiver is sent nothing, though the registry has it from before', async () => {
    const { id } = await addEndpoint(cluster, receiver.url, { events });
    expect(await attemptsAt(id)).toMatchObject([refused, refused]);
    expect(receiver.arrivals).toEqual([]);
  });
});
