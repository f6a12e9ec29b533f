import * as z from 'zod';
import { type Denial, deny } from '../../decision/denial.ts';
import { parseJson } from '../body.ts';
import { check } from '../input.ts';

/** The largest report, in bytes and in entries: each may be a key to end, within one call of the platform. */
export const REPORT_BYTES = 1_048_576;
const REPORT_ENTRIES = 1_000;

/** A token that was found in public. */
const sighting = z
  .object({
    token: z.string().min(1),
    /** As the operator has named it to who reports. */
    type: z.string(),
    /** Where it was found; may be empty. */
    url: z.string().nullish(),
    /** In what: `commit`, `issue_comment` and so on. */
    source: z.string().nullish(),
  })
  .meta({ id: 'LeakSighting' });

/** What GitHub reports. Fields that are not known here are not looked at: the sender is not ours to teach. */
export const report = z.array(sighting);
export type Sighting = z.output<typeof sighting>;

/** What is more than one report may be. */
export const TOO_LARGE = deny('body_too_large', {
  detail: `a report may have at most ${REPORT_ENTRIES} entries and ${REPORT_BYTES / 1_048_576} MB`,
});

/** The entries of a report, or why it is none. */
export function readReport(body: Uint8Array): readonly Sighting[] | Denial {
  const json = parseJson(body);
  if (!json.ok) return json.denial;
  if (Array.isArray(json.value) && json.value.length > REPORT_ENTRIES) return TOO_LARGE;
  const checked = check(report, json.value);
  return checked.ok ? checked.value : checked.denial;
}

/** What is kept of where a secret was found, without the secret. */
export interface Place {
  readonly url: string;
  readonly source: string;
  readonly type: string;
}

const LONGEST_URL = 500;
const LONGEST_NAME = 100;
/** How often a path is decoded: who encodes a secret more often than that hides the whole path. */
const MOST_ENCODINGS = 4;

/** The place of a sighting, cut and without what could be a secret; `hide` takes out what reads like a key. */
export function placeOf({ token, type, url, source }: Sighting, hide: (text: string) => string): Place {
  const clean = (text: string) => hide(text.replaceAll(token, '…').replace(/\p{Cc}/gu, ''));
  return {
    url: cleanUrl(url ?? '', clean).slice(0, LONGEST_URL),
    source: /^[A-Za-z_]{1,40}$/.test(source ?? '') ? clean(source?.toLowerCase() ?? '') : 'unknown',
    type: clean(type).slice(0, LONGEST_NAME),
  };
}

/** Origin and path alone: a user, a query and a fragment could hold anything. '' where it is no URL of the web. */
function cleanUrl(url: string, clean: (text: string) => string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return '';
  const { origin, pathname } = parsed;
  for (let path = pathname, i = 0; i < MOST_ENCODINGS; i++) {
    const cleaned = clean(path);
    if (cleaned !== path) return origin + cleaned;
    const decoded = decodedOnce(path);
    if (decoded === path) return origin + pathname;
    path = decoded;
  }
  return origin;
}

/** Of ASCII alone, as all secrets are; what is no encoding stays. */
function decodedOnce(path: string): string {
  return path.replace(/%([2-7][0-9A-Fa-f])/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
