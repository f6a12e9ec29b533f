/* Files that the bundle carries as text; `wrangler.toml` and `dev/bundle.ts` say which. */
declare module '*/docs-page.html' {
  const text: string;
  export default text;
}
declare module 'swagger-ui-dist/*' {
  const text: string;
  export default text;
}
