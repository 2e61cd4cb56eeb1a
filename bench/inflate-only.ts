import { createInflateRaw } from "node:zlib";
import { pipeline } from "node:stream/promises";
import { Writable } from "node:stream";
import { openPromise } from "yauzl";

/** Inflates every entry of a zip and does nothing with it: what no importer can be faster than. */
const [, , path = ""] = process.argv;
const zip = await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: false });
let bytes = 0;
for await (const entry of zip.eachEntry()) {
  const compressed = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  const nothing = new Writable({
    highWaterMark: 1 << 20,
    write(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      done();
    },
  });
  await pipeline(compressed, createInflateRaw({ chunkSize: 256 << 10 }), nothing);
}
zip.close();
console.log(bytes);
