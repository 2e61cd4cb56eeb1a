import { expect, test } from "vitest";
import { ProtocolError } from "../../src/errors.ts";
import { pathOfLink } from "../../src/http/link.ts";

test.each([
  [
    "https://www.polaraccesslink.com/v3/users/10579/exercise-transactions/9",
    "/v3/users/10579/exercise-transactions/9",
  ],
  ["https://evil.example/v3/x?offset=3#part", "/v3/x?offset=3"],
  ["/v3/exercises/aQ", "/v3/exercises/aQ"],
  ["//evil.example/steal", "/steal"],
  ["http://user:secret@evil.example", "/"],
])("of %s only %s is left", (link, path) => {
  expect(pathOfLink(link)).toBe(path);
});

test.each(["javascript:alert(1)", "file:///etc/passwd", "http://["])(
  "%s is refused, and not repeated",
  (link) => {
    expect(() => pathOfLink(link)).toThrow(ProtocolError);
    expect(() => pathOfLink(link)).not.toThrow(link);
  },
);
