import type { Output } from '../output.ts';

/** How far an import is. */
export interface Progress {
  readonly lines: number;
  readonly refused: number;
  /** Between 0 and 1; null: nobody knows where the end is. */
  readonly share: number | null;
  readonly elapsedMs: number;
}

const BAR = 24;

/** Shows a bar that grows on a terminal, and a line for each step elsewhere. */
export function showProgress(output: Output, progress: Progress): void {
  if (!output.isLive) {
    output.note(`${progress.lines} lines are through, ${progress.refused} refused`);
    return;
  }
  output.show(barOf(progress).slice(0, output.columns - 1));
}

/** A bar with what it stands for: share, lines, speed and what is left of the time. */
export function barOf({ lines, refused, share, elapsedMs }: Progress): string {
  const perSecond = Math.round((lines * 1_000) / Math.max(elapsedMs, 1));
  const said = [`${lines} lines`, `${perSecond}/s`, ...(refused > 0 ? [`${refused} refused`] : [])];
  if (share === null) return said.join('  ');
  const full = Math.round(share * BAR);
  const leftSeconds = share === 0 ? 0 : Math.ceil((elapsedMs * (1 - share)) / share / 1_000);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return [`[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]${percent}`, ...said, `${leftSeconds} s left`].join('  ');
}
