import { expect, test } from "vitest";
import { canOpenBrowser } from "../../src/auth/browser.ts";

test.each([
  ["a desktop with X", "linux", { DISPLAY: ":0" }, true],
  ["a desktop with Wayland", "linux", { WAYLAND_DISPLAY: "wayland-0" }, true],
  ["Windows' browser from WSL", "linux", { WSL_DISTRO_NAME: "Debian" }, true],
  ["a server", "linux", {}, false],
  ["an empty DISPLAY", "linux", { DISPLAY: "" }, false],
  [
    "a desktop over SSH, even with X forwarded",
    "linux",
    { DISPLAY: "localhost:10.0", SSH_TTY: "/dev/pts/1" },
    false,
  ],
  ["macOS", "darwin", {}, true],
  ["macOS over SSH", "darwin", { SSH_CONNECTION: "10.0.0.2 50000 10.0.0.3 22" }, false],
  ["Windows", "win32", {}, true],
] as const)("%s", (_name, platform, environment, possible) => {
  expect(canOpenBrowser(environment, platform)).toBe(possible);
});
