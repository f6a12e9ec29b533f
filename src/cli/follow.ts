import type { components } from '../client/schema.ts';

/*
 * A list that is only told newest first, followed as it grows. Its order is that in which entries were recorded, which
 * nothing changes later, and an entry is known by the id of its request. So what is new stands before the first entry
 * that was seen before, whatever the times of the requests are.
 */

export type Entry = components['schemas']['LogEntry'];

export interface Page {
  readonly entries: readonly Entry[];
  readonly next_cursor: string | null;
}

export interface PageQuery {
  readonly limit: string;
  readonly cursor?: string;
  readonly from?: string;
}

type PageOf = (query: PageQuery) => Promise<Page>;

const LONGEST_PAGE = 200;
/** So many of the newest are remembered. */
const MOST_SEEN = 10_000;
/** A poll looks no further back than this, so that a filter which lets little through does not read the whole log. */
const REACH_MS = 3_600_000;

/** At least so many of the newest entries, newest first; fewer only where there are no more. */
export async function newest(pageOf: PageOf, most: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await pageOf({ limit: String(LONGEST_PAGE), ...(cursor !== null && { cursor }) });
    entries.push(...page.entries);
    cursor = page.next_cursor;
  } while (cursor !== null && entries.length < Math.max(most, 1));
  return entries;
}

/** Follows the list behind entries that were read. */
export class Follower {
  readonly #pageOf: PageOf;
  #seen: Set<string>;
  #lastMs: number;

  /** `entries`: the newest, read at `nowMs` or later. */
  constructor(pageOf: PageOf, entries: readonly Entry[], nowMs: number) {
    this.#pageOf = pageOf;
    this.#seen = new Set(entries.slice(0, MOST_SEEN).map(idOf));
    this.#lastMs = nowMs;
  }

  /** What has come since, newest first. Where it throws nothing is lost: the next poll brings it. */
  async poll(nowMs: number): Promise<readonly Entry[]> {
    const from = new Date(this.#lastMs - REACH_MS).toISOString();
    const fresh = await this.#freshFrom(from);
    this.#seen = new Set([...fresh.map(idOf), ...this.#seen].slice(0, MOST_SEEN));
    this.#lastMs = nowMs;
    return fresh;
  }

  async #freshFrom(from: string): Promise<Entry[]> {
    const fresh: Entry[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await this.#pageOf({ limit: String(LONGEST_PAGE), from, ...(cursor !== null && { cursor }) });
      for (const entry of page.entries) {
        if (this.#seen.has(idOf(entry))) return fresh;
        fresh.push(entry);
      }
      cursor = page.next_cursor;
    } while (cursor !== null);
    return fresh;
  }
}

const idOf = ({ request_id }: Entry): string => request_id;
