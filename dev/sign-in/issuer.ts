import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { recallIssuer, rememberIssuer, type State } from '../state.ts';
import type { ProviderOptions } from './provider.ts';

/** The local issuer. */
export interface Issuer {
  /** As it stands in the claim `iss`. */
  readonly url: string;
  readonly jwksUrl: string;
  /** Answers from here on, which until then is 503. */
  serve(options: Pick<ProviderOptions, 'audience' | 'roles'>): Promise<void>;
  close(): void;
}

/**
 * Takes a port of 127.0.0.1 for the issuer: that of the last run, else the one after the gateway's, else any. Port and
 * key are kept in the state folder, so that tokens stay valid over restarts.
 */
export async function openIssuer(state: State, gatewayPort: number): Promise<Issuer> {
  const kept = recallIssuer(state);
  const key = kept?.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  let listener: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => {
    // Another name is a web page that made its own name lead here, and could sign in as anybody.
    if (request.headers.host === host) return listener(request, response);
    response.writeHead(421, { 'content-type': 'text/plain' }).end(`this is ${url}\n`);
  });
  const port = await listen(server, [
    ...(kept === null || kept.port === gatewayPort ? [] : [kept.port]),
    gatewayPort + 1,
  ]);
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  rememberIssuer(state, { port, key });
  return {
    url,
    jwksUrl: `${url}/jwks`,
    async serve(options) {
      const { providerListener } = await import('./provider.ts');
      listener = providerListener({ ...options, url, key });
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The first of these ports that is free, or any. */
async function listen(server: Server, ports: readonly number[]): Promise<number> {
  for (const port of ports) if (port <= 65_535 && (await listenAt(server, port))) return port;
  await listenAt(server, 0);
  return (server.address() as AddressInfo).port;
}

function listenAt(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    };
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}

/** The table `session` of a policy that trusts this issuer, with each role under its own name. */
export function sessionOf({ url, jwksUrl }: Issuer, audience: string, roles: readonly string[]): object {
  return {
    issuer: url,
    jwks_url: jwksUrl,
    audience: [audience],
    algorithms: ['ES256'],
    claims: { organisation: 'org_id', role: 'role' },
    roles: Object.fromEntries(roles.map((role) => [role, role])),
  };
}
