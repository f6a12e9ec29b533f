/** JSON whose fields a test names as it expects them. */
export type Json = ReturnType<typeof JSON.parse>;

/** An answer that was read to its end. `body` is its JSON, or null where it is none. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

/** Reads an answer to its end. */
export async function read(answer: Promise<Response>): Promise<Reply> {
  const response = await answer;
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
}

/** Reads an answer to its end, for its status alone. */
export async function status(answer: Promise<Response>): Promise<number> {
  return (await read(answer)).status;
}

/** The JSON of a text; null where it is none. */
export function jsonOf(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
