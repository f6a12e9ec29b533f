import { readAll } from './relay.ts';

/** Bytes of a coded body that are decoded at once; of gzip, 4 MB come out of them at most. */
const SLICE_BYTES = 4_096;
/**
 * What br may make of a slice, which has no such bound of its own: the runtime's decompressor goes one call deeper for
 * every 16 KB that come out of one write.
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

/** `take` gets what was decoded, in memory that is used again when it returns. */
export async function openDecoder(compression: Compression, take: (bytes: Uint8Array) => void): Promise<Decoder> {
  return compression === 'br' ? openBrotli(take) : openNative(compression, take);
}

function openNative(format: 'gzip' | 'deflate', take: (bytes: Uint8Array) => void): Decoder {
  const { readable, writable } = new DecompressionStream(format);
  const writer = writable.getWriter();
  const read = readAll(readable.getReader({ mode: 'byob' }), async (bytes) => take(bytes)).catch(() => {});
  let isBroken = false;
  const fail = () => {
    isBroken = true;
  };
  return {
    async feed(bytes) {
      for (let i = 0; i < bytes.byteLength && !isBroken; i += SLICE_BYTES) {
        await writer.write(bytes.subarray(i, i + SLICE_BYTES)).catch(fail);
      }
    },
    async end() {
      await writer.close().catch(fail);
      await read;
    },
  };
}

/** Through `node:zlib`, since the runtime's DecompressionStream knows no br. */
async function openBrotli(take: (bytes: Uint8Array) => void): Promise<Decoder> {
  // Loaded by the first answer that needs it, since it would cost every cold start.
  const { createBrotliDecompress } = await import('node:zlib');
  const decompressor = createBrotliDecompress();
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
    else take(bytes);
  });
  return {
    async feed(bytes) {
      for (let i = 0; i < bytes.byteLength && !isClosed; i += SLICE_BYTES) {
        decodedBytes = 0;
        const written = new Promise<void>((resolve) => {
          decompressor.write(bytes.subarray(i, i + SLICE_BYTES), () => resolve());
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
