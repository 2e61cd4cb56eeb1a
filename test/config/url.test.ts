import { expect, test } from "vitest";
import { parseServiceUrl } from "../../src/config/url.ts";
import { ConfigError } from "../../src/errors.ts";

test.each([
  "https://www.polaraccesslink.com",
  "http://127.0.0.1:8080",
  "http://127.1:8080",
  "http://localhost:8080/base",
  "http://[::1]:8080",
])("%s is allowed", (value) => {
  expect(parseServiceUrl("FITGLUE_POLAR_API_URL", value).href).toBe(new URL(value).href);
});

test.each([
  ["http://www.polaraccesslink.com", "must be https, or http to a loopback address"],
  ["http://127.0.0.1.evil.example", "must be https, or http to a loopback address"],
  ["http://localhost.evil.example", "must be https, or http to a loopback address"],
  ["ftp://127.0.0.1", "must be https, or http to a loopback address"],
  ["file:///etc/passwd", "must be https, or http to a loopback address"],
  ["https://me:sesame@host.example", "must not hold a user name or a password"],
  ["https://host.example?key=sesame", "must not hold a query or a fragment"],
  ["sesame", "is not a URL"],
  ["", "is not a URL"],
])("%s is refused with exit 8, unrepeated", (value, why) => {
  let error: unknown;
  try {
    parseServiceUrl("FITGLUE_POLAR_API_URL", value);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ exitCode: 8, message: `FITGLUE_POLAR_API_URL ${why}` });
});
