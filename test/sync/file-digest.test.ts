import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileDigest } from "../../src/sync/file-digest.ts";
import { tempDir } from "../temp.ts";

const { signal } = new AbortController();

function fileOf(content: string): string {
  const path = join(tempDir(), "file");
  writeFileSync(path, content);
  return path;
}

// FIPS 180-2, appendices B.1 and B.3.
test.each([
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
])("a file's SHA-256", async (content, digest) => {
  expect((await fileDigest(fileOf(content), signal))?.toString("hex")).toBe(digest);
});

test("a file that cannot be read has none", async () => {
  expect(await fileDigest(join(tempDir(), "absent"), signal)).toBeNull();
});

test("a digest that is aborted is none", async () => {
  expect(await fileDigest(fileOf("abc"), AbortSignal.abort())).toBeNull();
});
