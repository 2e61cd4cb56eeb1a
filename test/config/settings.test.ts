import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadSettings } from "../../src/config/settings.ts";
import { tempDir } from "../temp.ts";

function on(platform: NodeJS.Platform): void {
  vi.spyOn(process, "platform", "get").mockReturnValue(platform);
}

afterEach(() => vi.restoreAllMocks());

describe("where config and database are", () => {
  it("is below the XDG folders on Linux, and a relative one does not count", () => {
    on("linux");
    const home = tempDir();
    const base = tempDir();
    expect(loadSettings({ HOME: home }, {})).toMatchObject({
      configDir: join(home, ".config/fitglue"),
      databasePath: join(home, ".local/share/fitglue/fitglue.db"),
    });
    expect(loadSettings({ HOME: home, XDG_CONFIG_HOME: base, XDG_DATA_HOME: "data" }, {})).toMatchObject({
      configDir: join(base, "fitglue"),
      databasePath: join(home, ".local/share/fitglue/fitglue.db"),
    });
  });

  it("knows whether the database's folder is fitglue's own, and no folder that somebody has named", () => {
    on("linux");
    const home = tempDir();
    const own = join(home, ".local/share/fitglue");
    const isOwn = (environment: Record<string, string>, db?: string): boolean =>
      loadSettings({ HOME: home, ...environment }, { db }).isDatabaseFolderOwn;
    expect(isOwn({})).toBe(true);
    expect(isOwn({ XDG_DATA_HOME: home })).toBe(true);
    expect(isOwn({}, join(own, "second.db"))).toBe(true);
    expect(isOwn({}, join(home, "fitglue.db"))).toBe(false);
    expect(isOwn({}, join(own, "more", "fitglue.db"))).toBe(false);
    expect(isOwn({ FITGLUE_DB: join(home, "fitglue.db") })).toBe(false);
    expect(isOwn({ FITGLUE_DATA_DIR: home })).toBe(false);
  });

  it("is in the user's library on macOS", () => {
    on("darwin");
    expect(loadSettings({}, {})).toMatchObject({
      configDir: join(homedir(), "Library/Preferences/fitglue"),
      databasePath: join(homedir(), "Library/Application Support/fitglue/fitglue.db"),
    });
  });

  it("is what the variables say, everywhere", () => {
    const [config, data] = [tempDir(), tempDir()];
    const environment = { FITGLUE_CONFIG_DIR: config, FITGLUE_DATA_DIR: data };
    for (const platform of ["linux", "darwin"] as const) {
      on(platform);
      expect(loadSettings(environment, {})).toMatchObject({
        configDir: config,
        databasePath: join(data, "fitglue.db"),
      });
    }
  });
});
