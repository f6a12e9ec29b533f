/** (a) Nothing but the call to the origin: what any gateway on this platform costs at least. */
export default {
  fetch(request: Request, env: { readonly ORIGIN: string }): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(env.ORIGIN + pathname + search, request));
  },
};
