/** Markup that may be put into a page as it is. Only {@link html} and {@link jsonScript} make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text and numbers are escaped, markup is not, null is nothing. */
export type Part = string | number | null | Markup | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML text or as the content of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/**
 * A template of markup. Everything put into it is escaped unless it is {@link Markup}: attributes must be quoted, and
 * nothing may be put inside `<script>` or `<style>`.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? "";
  parts.forEach((part, at) => {
    text += render(part) + (strings[at + 1] ?? "");
  });
  return new Markup(text);
}

function render(part: Part): string {
  if (part === null) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(render).join("");
  return escapeHtml(String(part));
}

/**
 * Data for the page's script. It is never executed (`application/json`), and holds no `<`, so that neither `</script`
 * nor `<!--` can end or change the element (HTML §4.12.1.3); U+2028 and U+2029 are escaped for older parsers.
 */
export function jsonScript(id: string, value: unknown): Markup {
  const json = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new Markup(`<script type="application/json" id="${escapeHtml(id)}">${json}</script>`);
}
