/** Bytes of a coded body that are decoded at once. */
const SLICE_BYTES = 4_096;
/**
 * What a slice may decode to, twice what gzip ever reaches: the runtime's decompressor goes one call deeper for every
 * 16 KB that come out of one write.
 */
const DECODED_BYTES = 8_388_608;

/** What a body may be compressed with to be decoded here. */
export type Compression = 'gzip' | 'deflate' | 'br';
/** A content coding, RFC 9110 §8.4.1. */
export type Coding = Compression | 'identity';

const CODINGS = new Map<string, Coding>([
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);

/** Reads a `content-encoding`; null where it names what cannot be decoded here, or several. */
export function codingOf(contentEncoding: string): Coding | null {
  return CODINGS.get(contentEncoding.toLowerCase()) ?? null;
}

/** Decodes a body that comes in pieces. What is broken, or decodes to far too much, is not decoded any further. */
export interface Decoder {
  /** Resolves when the piece is decoded and its memory may be used again. */
  readonly feed: (bytes: Uint8Array) => Promise<void>;
  /** Nothing more comes. Resolves when all that can be decoded is. */
  readonly end: () => Promise<void>;
}

/** `onBytes` gets what was decoded, in memory of its own. */
export async function openDecoder(coding: Compression, onBytes: (bytes: Uint8Array) => void): Promise<Decoder> {
  // Loaded by the first answer that needs it, since it would cost every cold start.
  const { createBrotliDecompress, createUnzip } = await import('node:zlib');
  const decompressor = coding === 'br' ? createBrotliDecompress() : createUnzip();
  let isClosed = false;
  let decodedBytes = 0;
  const closed = new Promise<void>((resolve) => {
    decompressor.on('close', () => {
      isClosed = true;
      resolve();
    });
  });
  decompressor.on('error', () => {});
  decompressor.on('data', (bytes) => {
    decodedBytes += bytes.byteLength;
    if (decodedBytes > DECODED_BYTES) decompressor.destroy();
    else onBytes(bytes);
  });
  return {
    async feed(bytes) {
      for (let i = 0; i < bytes.byteLength && !isClosed; i += SLICE_BYTES) {
        decodedBytes = 0;
        const written = new Promise<void>((resolve) => {
          decompressor.write(bytes.subarray(i, i + SLICE_BYTES), resolve);
        });
        await Promise.race([written, closed]);
      }
    },
    end() {
      if (!isClosed) decompressor.end();
      return closed;
    },
  };
}
