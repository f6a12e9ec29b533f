import { Hono } from 'hono';
import { proxy } from 'hono/proxy';

const app = new Hono<{ Bindings: { readonly ORIGIN: string } }>();

app.all('*', (c) => {
  const { pathname, search } = new URL(c.req.url);
  return proxy(c.env.ORIGIN + pathname + search, { raw: c.req.raw });
});

/** (b) Hono's own proxy helper, used as its documentation does, without any check. */
export default app;
