import { request } from 'node:http';

/** Where the gateway answers control routes. */
export interface Control {
  readonly port: number;
  /** The only host that it answers them under; null: any. */
  readonly host: string | null;
  readonly basePath: string;
}

/** One call of a control route. */
export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  readonly body?: object | undefined;
}

/** What came back; the body is empty where it is not a JSON object. */
export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls a control route of the local gateway, by `node:http` since `fetch` sets no Host. Throws where it is not reached. */
export function callControl(control: Control, call: Call): Promise<Reply> {
  const text = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers = {
    host: control.host ?? `localhost:${control.port}`,
    ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  const target = { host: '127.0.0.1', port: control.port, path: control.basePath + call.path, method: call.method };
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answer = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body: answer.startsWith('{') ? JSON.parse(answer) : {} });
      });
    });
    sent.once('error', reject);
    sent.end(text);
  });
}
