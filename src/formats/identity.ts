import { createHash } from "node:crypto";

/** What names a session in the store. */
export interface SessionKey {
  readonly source: string;
  readonly account: string;
  readonly externalId: string;
}

/**
 * The mark that an exported file carries so that an import recognises it: a digest, since a file that is handed on should
 * not tell the person's user id.
 */
export function sessionIdentity({ source, account, externalId }: SessionKey): string {
  return createHash("sha256").update(`${source}\0${account}\0${externalId}`).digest("hex").slice(0, 32);
}

/** The namespace of the mark in GPX and TCX; its one element is `identity`. */
export const IDENTITY_NAMESPACE = "urn:fitglue:export:1";
