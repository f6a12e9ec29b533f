import openapiTS, { astToString } from 'openapi-typescript';

const HEAD = `/*
 * Made of the OpenAPI document by \`npm run client\`; not to be edited.
 */

`;

/** TypeScript types of all paths and components of an OpenAPI 3.1 document, as the text of a module. */
export async function typesOf(document: Readonly<Record<string, unknown>>): Promise<string> {
  const nodes = await openapiTS(JSON.stringify(document), { immutable: false, silent: true });
  return HEAD + astToString(nodes);
}
