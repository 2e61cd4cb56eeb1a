import sax from "sax";
import { createInflateRaw } from "node:zlib";
import { openPromise } from "yauzl";

/** Parses the main XML of a zip with sax, reading every attribute and doing nothing else; prints bytes and seconds. */
const [, , path = ""] = process.argv;
const zip = await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: false });
for await (const entry of zip.eachEntry()) {
  if (!entry.fileName.endsWith(".xml")) continue;
  const compressed = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  const pieces: string[] = [];
  const decoder = new TextDecoder();
  let bytes = 0;
  for await (const piece of compressed.pipe(
    createInflateRaw({ chunkSize: 256 << 10 }),
  ) as AsyncIterable<Buffer>) {
    bytes += piece.length;
    pieces.push(decoder.decode(piece, { stream: true }));
  }
  const parser = sax.parser(true);
  let records = 0;
  parser.onopentag = (tag) => {
    if (tag.name === "Record" && tag.attributes["value"] !== "") records++;
  };
  const begun = performance.now();
  for (const piece of pieces) parser.write(piece);
  parser.close();
  console.log(JSON.stringify({ bytes, seconds: (performance.now() - begun) / 1000, records }));
}
zip.close();
