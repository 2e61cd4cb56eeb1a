import type { Environment } from "../config/settings.ts";

/** Whether a browser can be opened where the person sits: not over SSH, and on Linux not without a display. */
export function canOpenBrowser(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): boolean {
  const set = (name: string): boolean => (environment[name] ?? "") !== "";
  if (set("SSH_CONNECTION") || set("SSH_TTY") || set("SSH_CLIENT")) return false;
  if (platform === "darwin" || platform === "win32") return true;
  // Under WSL the browser is Windows' own.
  return set("DISPLAY") || set("WAYLAND_DISPLAY") || set("WSL_DISTRO_NAME");
}

/** Tries to open a page. Never fails: whoever calls it has printed the URL as well. */
export async function openBrowser(url: string): Promise<void> {
  try {
    const { default: open } = await import("open");
    const child = await open(url);
    child.on("error", () => undefined);
  } catch {
    // The printed URL is the way then.
  }
}
