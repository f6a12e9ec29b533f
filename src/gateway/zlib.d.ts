/* The little of `node:zlib` that is used here; its own types would bring those of all of Node. */
declare module 'node:zlib' {
  interface Decompressor {
    on(event: 'data', listener: (bytes: Uint8Array) => void): void;
    on(event: 'close' | 'error', listener: () => void): void;
    write(bytes: Uint8Array, written: () => void): void;
    end(): void;
    destroy(): void;
  }
  export function createBrotliDecompress(): Decompressor;
}
