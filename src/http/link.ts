import { ProtocolError } from "../errors.ts";

/**
 * Path and query of a link that a source returned, absolute or relative, for `ApiRequest.path`. The rest is dropped on
 * purpose: the token goes to the configured base URL and nowhere else, whatever an answer says.
 *
 * Throws `ProtocolError` for what is no http link.
 */
export function pathOfLink(link: string): string {
  const parsed = URL.canParse(link, "http://unused.invalid")
    ? new URL(link, "http://unused.invalid")
    : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new ProtocolError("BAD_LINK", "the answer holds a link that is none");
  }
  return parsed.pathname + parsed.search;
}
