import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/* The search for secrets where none may be. */

/** All files below a folder, one after the other. */
export async function contents(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))));
}

/** A text as it may stand in bytes; base64 at each of its three alignments, without the ends that neighbours change. */
function formsOf(secret: string): [form: string, bytes: Buffer][] {
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.from('x'.repeat(shift) + secret).toString('base64');
    return text
      .slice(shift === 0 ? 0 : shift + 1)
      .replace(/.=+$/, '')
      .slice(0, -1);
  });
  const forms: [string, string][] = [
    ['plain', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['hex', Buffer.from(secret).toString('hex')],
    ...base64.flatMap((text): [string, string][] => [
      ['base64', text],
      ['base64url', text.replaceAll('+', '-').replaceAll('/', '_')],
    ]),
  ];
  const bytes = forms.map(([form, text]): [string, Buffer] => [form, Buffer.from(text)]);
  return [...bytes, ['UTF-16', Buffer.from(secret, 'utf16le')]];
}

/** Which of these secrets, by their names, stand in bytes where they must not, and in which form. */
export function leaksIn(secrets: ReadonlyMap<string, string>, bytes: Buffer | string): string[] {
  const all = Buffer.from(bytes);
  return [...secrets].flatMap(([what, secret]) =>
    formsOf(secret).flatMap(([form, found]) => (all.includes(found) ? [`${what}, ${form}`] : [])),
  );
}
