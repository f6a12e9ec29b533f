import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBody } from './body.ts';

/*
 * A demo origin: enough of the OpenAI chat-completions protocol (platform.openai.com/docs/api-reference/chat) for a
 * client to chat with, streaming and not, and a route that shows what an origin behind the gateway gets to see.
 */

const MODEL = 'demo';
const MAX_BODY_BYTES = 1_048_576;
/** Between two chunks of a streamed answer, so that streaming can be seen. */
const CHUNK_GAP_MS = 40;

/** A running origin. */
export interface Origin {
  readonly url: string;
  close(): void;
}

interface ChatRequest {
  readonly model: string;
  readonly prompt: string;
  readonly promptTokens: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** Starts the demo origin on a free port of 127.0.0.1. */
export async function startOrigin(): Promise<Origin> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => stop(server) };
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://origin');
  if (pathname === '/v1/chat/completions' && request.method === 'POST') return chat(request, response);
  if (pathname === '/v1/models' && request.method === 'GET') {
    return json(response, 200, { object: 'list', data: [{ id: MODEL, object: 'model', created: 0, owned_by: MODEL }] });
  }
  if (pathname === '/echo' || pathname.startsWith('/echo/')) {
    const body = await readBody(request, MAX_BODY_BYTES);
    const { method, url, headers } = request;
    return json(response, 200, { method, url, headers, body_bytes: body?.length ?? null });
  }
  return json(response, 404, problem(`no route ${request.method} ${pathname}; try /v1/chat/completions or /echo`));
}

async function chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request, MAX_BODY_BYTES);
  const asked = body === null ? null : readChat(body.toString());
  if (asked === null) {
    return json(response, 400, problem('expected {"messages":[{"role":"user","content":"…"}]}'));
  }
  const words = reply(asked.prompt);
  const usage = {
    prompt_tokens: asked.promptTokens,
    completion_tokens: words.length,
    total_tokens: asked.promptTokens + words.length,
  };
  const base = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1_000), model: asked.model };
  if (!asked.stream) {
    const message = { role: 'assistant', content: words.join('') };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
    return json(response, 200, { ...base, object: 'chat.completion', choices, usage });
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  const chunk = { ...base, object: 'chat.completion.chunk', ...(asked.includeUsage ? { usage: null } : {}) };
  const deltas = [{ role: 'assistant', content: '' }, ...words.map((content) => ({ content }))];
  for (const delta of deltas) {
    if (response.destroyed) return;
    send(response, { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] });
    await sleep(CHUNK_GAP_MS);
  }
  send(response, { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  if (asked.includeUsage) send(response, { ...chunk, choices: [], usage });
  response.end('data: [DONE]\n\n');
}

function send(response: ServerResponse, event: object): void {
  response.write(`data: ${JSON.stringify(event)}\n\n`);
}

/** The answer in pieces, one per streamed chunk. */
function reply(prompt: string): string[] {
  const said = prompt.length > 80 ? `${prompt.slice(0, 80)}…` : prompt;
  return `You said "${said}". This answer came through Keystile from the demo origin.`.split(/(?= )/);
}

function readChat(text: string): ChatRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || !Array.isArray(value.messages) || !value.messages.every(isRecord)) return null;
  const texts = value.messages.map((message) => textOf(message.content));
  const options = value.stream_options;
  return {
    model: typeof value.model === 'string' ? value.model : MODEL,
    prompt: texts.at(-1) ?? '',
    promptTokens: texts.reduce((sum, each) => sum + each.split(/\s+/).filter(Boolean).length, 0),
    stream: value.stream === true,
    includeUsage: isRecord(options) && options.include_usage === true,
  };
}

/** A message's content is a text or a list of parts of which some have a text. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join(' ');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problem(message: string): object {
  return { error: { message, type: 'invalid_request_error', param: null, code: null } };
}

function json(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
