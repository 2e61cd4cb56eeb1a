import { describe, expect, it } from "vitest";
import { html, jsonScript } from "../../../src/output/report/html.ts";
import { HOSTILE } from "../activities.ts";

describe("html", () => {
  it("escapes everything but markup", () => {
    const name = `<b a="1" c='2'>&`;
    expect(html`<i title="${name}">${name}</i>`.text).toBe(
      '<i title="&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;</i>',
    );
    expect(html`${html`<i>${1}</i>`}${null}${["<", html`<b>x</b>`]}`.text).toBe("<i>1</i>&lt;<b>x</b>");
  });

  it("does not take a look-alike for markup", () => {
    const fake = { text: "<script>" } as unknown as string;
    expect(() => html`${fake}`.text).toThrow(TypeError);
  });

  it("puts data into a script that nothing in it can end", () => {
    const { text } = jsonScript("data", { title: HOSTILE, comment: "<!--\u2028\u2029&" });
    const inner = text.slice(text.indexOf(">") + 1, text.lastIndexOf("<"));
    expect(inner).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(inner)).toEqual({ title: HOSTILE, comment: "<!--\u2028\u2029&" });
    expect(text.match(/<\/?script/g)).toHaveLength(2);
  });
});
