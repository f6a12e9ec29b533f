const STORED_AS = 'version';

/**
 * Refuses to run on what a newer Worker has stored: an old version of the code that comes back must not guess.
 * What older versions stored is brought forward where it is read (expand, then contract).
 */
export function checkVersion(storage: DurableObjectStorage, version: number): void {
  const stored = storage.kv.get<number>(STORED_AS) ?? version;
  if (stored > version) {
    throw new Error(`this object's storage has version ${stored}, newer than this Worker's ${version}`);
  }
}

/** Marks what is stored with its version, once; an object that stores nothing leaves nothing behind. */
export function writeVersion(storage: DurableObjectStorage, version: number): void {
  if (storage.kv.get<number>(STORED_AS) !== version) storage.kv.put(STORED_AS, version);
}
