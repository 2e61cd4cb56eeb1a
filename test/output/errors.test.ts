import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors.ts";
import { errorLine, errorText } from "../../src/output/errors.ts";

describe("an error with foreign text in it", () => {
  const cause = new Error("server says \u001b]0;pwned\u0007 \u009b2J\n  and more");
  const error = new InputError("INPUT_UNKNOWN", "odd \u001b[2J name", { cause, hint: "look\u0000" });

  it.each(["none", "causes", "stack"] as const)("acts on no terminal (detail: %s)", (detail) => {
    const text = errorText(error, detail);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(text).toMatch(/^fitglue: odd \ufffd\[2J name\n {2}try: look\ufffd\n/);
    if (detail === "causes")
      expect(text).toContain("  caused by: Error: server says \ufffd]0;pwned\ufffd \ufffd2J\n  and more\n");
    if (detail === "stack") expect(text).toMatch(/\n {4}at .*errors\.test\.ts/);
  });

  it("nor as a line of JSON, which keeps it", () => {
    const line = errorLine(new InputError("INPUT_UNKNOWN", "\u009b2J"));
    expect(line).toContain("\\u009b2J");
    expect(line).not.toContain("\u009b");
    expect((JSON.parse(line) as { message: string }).message).toBe("\u009b2J");
  });
});
