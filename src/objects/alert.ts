/**
 * Writes an alert from within an object: a line like those of the Worker, for which docs/runbook.md has a row, but it
 * names no policy and is not cleaned of keys, so `about` holds nothing that a client has sent.
 */
export function alert(event: string, about: Readonly<Record<string, string | number>>): void {
  console.log(JSON.stringify({ level: 'alert', event, ...about }));
}
