import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";

/** What the browser shows; fixed texts, so that nothing from a request can end up in a page. */
export type CallbackPage = keyof typeof PAGES;

const PAGES = {
  connected: {
    status: 200,
    title: "Connected",
    text: "fitglue has what it needs. You can close this page; the terminal says what comes next.",
  },
  denied: {
    status: 200,
    title: "Not connected",
    text: "You did not give your consent, so nothing was stored. You can close this page.",
  },
  failed: {
    status: 200,
    title: "Not connected",
    text: "Something went wrong after your consent. The terminal says what, and what to do.",
  },
  forged: {
    status: 400,
    title: "Of another attempt",
    text: "This is not the answer that fitglue waits for. Open the newest link from the terminal.",
  },
  malformed: {
    status: 400,
    title: "Not understood",
    text: "This is not an answer that fitglue asked for.",
  },
  answered: {
    status: 409,
    title: "Answered already",
    text: "An answer has arrived before this one. You can close this page.",
  },
  unknown: { status: 404, title: "Nothing here", text: "fitglue only waits here for the end of a login." },
  method: { status: 405, title: "Not like this", text: "fitglue only waits here for the end of a login." },
} as const;

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText;
  font: 1.125rem/1.6 system-ui, sans-serif; }
main { max-width: 30rem; padding: 2rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .75rem; }
p { margin: 0; }
footer { margin-top: 2rem; font-size: .875rem; opacity: .7; }
`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  connection: "close",
};

/** Answers with one of the pages: self-contained, without script, and ending the connection. */
export function sendPage(response: ServerResponse, page: CallbackPage): void {
  const { status, title, text } = PAGES[page];
  response.writeHead(status, page === "method" ? { ...HEADERS, allow: "GET" } : HEADERS);
  response.end(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – fitglue</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
<footer>fitglue, on your own machine</footer>
</main>
</body>
</html>
`);
}
