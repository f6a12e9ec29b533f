import { createKeystile, orThrow } from '../../src/client/client.ts';

/* The client inside a Worker: what it is told, or why not. */

export default {
  async fetch(_request: Request, { GATEWAY, TOKEN }: { GATEWAY: string; TOKEN: string }): Promise<Response> {
    const keystile = createKeystile({ baseUrl: GATEWAY, token: TOKEN });
    const read = (id: string) => keystile.GET('/admin/v1/keys/{id}', { params: { path: { id } } });
    const { data } = await read('key_here');
    const thrown = await orThrow(read('key_none')).catch(({ name, code }) => ({ name, code }));
    return Response.json({ prefix: data?.prefix, thrown });
  },
};
