import type { Asked, Change } from './mixed.ts';
import type { Entry } from './trail.ts';

/** When something was asked and when it was answered: it happened in between. */
export type Span = Pick<Asked, 'sentMs' | 'answeredMs'>;

/** Before anything else. */
const BEFORE: Span = { sentMs: Number.NEGATIVE_INFINITY, answeredMs: Number.NEGATIVE_INFINITY };

/** What a value was, one after the other, and in which span it became so. */
export class Course<T> {
  readonly steps: { readonly value: T; readonly span: Span }[];

  constructor(first: T) {
    this.steps = [{ value: first, span: BEFORE }];
  }

  get last(): T {
    return (this.steps.at(-1) as { value: T }).value;
  }

  step(value: T, span: Span): void {
    this.steps.push({ value, span });
  }

  /** Whether the value can have been such a one within a span. */
  canHaveBeen(isSuch: (value: T) => boolean, { sentMs, answeredMs }: Span): boolean {
    return this.steps.some(({ value, span }, i) => {
      const until = this.steps[i + 1]?.span.answeredMs ?? Number.POSITIVE_INFINITY;
      return isSuch(value) && span.sentMs < answeredMs && until > sentMs;
    });
  }
}

/** Courses by name, each of which begins with the same value. */
export class Courses<T> extends Map<string, Course<T>> {
  readonly #first: T;

  constructor(first: T) {
    super();
    this.#first = first;
  }

  of(name: string): Course<T> {
    const known = this.get(name) ?? new Course(this.#first);
    this.set(name, known);
    return known;
  }
}

/** What the trail tells of keys and members, in its order. */
export interface Story {
  /** The status of each key: `none` before and after its life. */
  readonly keys: Courses<string>;
  /** Of each member the role, or `removed`. */
  readonly members: Courses<string>;
  /** How many keys are not revoked, by account and by member. */
  readonly standing: Courses<number>;
  /** How many keys were made, by user. */
  readonly creations: Courses<number>;
}

/** Follows the trail. `userOf` tells who a member is; `spanOf` when an entry can have been written. */
export function storyOf(
  trail: readonly Entry[],
  userOf: ReadonlyMap<string, string>,
  spanOf: ReadonlyMap<string, Span>,
): Story {
  const story: Story = {
    keys: new Courses('none'),
    members: new Courses('none'),
    standing: new Courses(0),
    creations: new Courses(0),
  };
  const owners = new Map<string, string[]>();
  const count = (courses: Courses<number>, name: string, by: 1 | -1, span: Span) => {
    const course = courses.of(name);
    course.step(course.last + by, span);
  };
  for (const { action, keyId, requestId, after } of trail) {
    const span = spanOf.get(requestId ?? '') ?? BEFORE;
    if (action === 'member.removed') story.members.of(after.member).step('removed', span);
    if (action === 'member.joined' || action === 'member.role_changed')
      story.members.of(after.member).step(after.role, span);
    if (keyId === null) continue;
    const key = story.keys.of(keyId);
    const was = key.last;
    if (action === 'key.created') {
      owners.set(keyId, [after.accountId, after.memberId]);
      for (const owner of [after.accountId, after.memberId]) count(story.standing, owner, 1, span);
      count(story.creations, userOf.get(after.memberId) ?? '', 1, span);
      key.step('active', span);
    } else if (action === 'key.purged') key.step('none', span);
    else if (after.status !== undefined) key.step(after.status, span);
    const isGone = (status: string) => status === 'revoked' || status === 'none';
    if (!isGone(was) && isGone(key.last)) {
      for (const owner of owners.get(keyId) ?? []) count(story.standing, owner, -1, span);
    }
  }
  return story;
}

/** When each request was asked and answered, by its id. */
export function spansOf(changes: readonly Change[]): Map<string, Span> {
  return new Map(changes.flatMap(({ asked }) => asked.map((each) => [each.requestId, each] as const)));
}
