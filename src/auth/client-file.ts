import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import type { OAuthClient } from "./oauth.ts";

const clientSchema = z.object({
  installed: z.object({ client_id: z.string().min(1), client_secret: z.string().min(1) }),
});

/**
 * The client in the JSON file that Google's console gives for a desktop app.
 *
 * Throws `ConfigError` (exit 8), which repeats nothing of the file.
 */
export async function readClientFile(path: string): Promise<OAuthClient> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new ConfigError("CLIENT_FILE", `the client file cannot be read: ${path}${code}`, {
      hint: "give the JSON that the console lets you download for a client of the type Desktop app",
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // No cause: the parser's message quotes the file.
    throw bad(path, "is not JSON");
  }
  const parsed = clientSchema.safeParse(value);
  if (parsed.success) {
    const { client_id: clientId, client_secret: clientSecret } = parsed.data.installed;
    return { clientId, clientSecret };
  }
  if (typeof value === "object" && value !== null) {
    if ("web" in value) throw bad(path, "is of a web client, which cannot send the answer to this machine");
    if ("type" in value && value.type === "service_account") {
      throw bad(path, "is of a service account, which has no activities of its own");
    }
  }
  throw bad(path, "holds no desktop client");
}

function bad(path: string, why: string): ConfigError {
  return new ConfigError("CLIENT_FILE", `the client file ${why}: ${path}`, {
    hint: "make a client of the type Desktop app in Google's console and download its JSON",
  });
}
