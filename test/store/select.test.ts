import { describe, expect, it } from "vitest";
import { TOTALLED } from "../../src/output/totals.ts";
import { openStore } from "../../src/store/index.ts";
import { databaseOf, demoHome } from "../commands/terminal.ts";

describe("Store.select", () => {
  it("gives the same values as whole activities do", async () => {
    const store = openStore(databaseOf(await demoHome()), { ifMissing: "empty", journalMode: "wal" });
    try {
      const fields = [...TOTALLED, "id", "indoor", "hasGps", "manual", "title", "deletedAt"] as const;
      const whole = [...store.list({})];
      const some = [...store.select({}, fields)];
      expect(some).toHaveLength(7);
      expect(some).toEqual(
        whole.map((activity) => Object.fromEntries(fields.map((field) => [field, activity[field]]))),
      );
      expect(some[0]).toMatchObject({ id: 7, indoor: false, hasGps: true, manual: null, aliases: [] });
      expect([...store.select({ sport: "running", limit: 1 }, ["id"])]).toEqual([{ id: 7 }]);
      expect([...store.rows({ sport: "running", limit: 1 }, ["subSport", "id", "hasGps", "extra"])]).toEqual([
        ["trail", 7, true, whole[0]?.extra],
      ]);
    } finally {
      store.close();
    }
  });
});
