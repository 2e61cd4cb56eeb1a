import type { RouteFile } from "./elements.ts";

/** Finds the route files that a `FileReference` means. Only files that were found are ever read, whatever it says. */
export class RouteIndex {
  readonly #byPath = new Map<string, RouteFile[]>();
  readonly #byName = new Map<string, RouteFile[]>();
  #count = 0;

  /** @param base the folder of the main XML in the container, with `/` at its end or empty */
  constructor(files: Iterable<RouteFile>, base: string) {
    for (const file of files) {
      this.#count++;
      const path = file.path.startsWith(base) ? file.path.slice(base.length) : file.path;
      add(this.#byPath, key(path), file);
      add(this.#byName, key(baseName(path)), file);
    }
  }

  get count(): number {
    return this.#count;
  }

  find(reference: string): readonly RouteFile[] {
    const path = key(reference.replace(/^[/\\]+/, ""));
    return this.#byPath.get(path) ?? this.#byName.get(baseName(path)) ?? [];
  }
}

/** Names come composed or decomposed, depending on who packed them. */
function key(path: string): string {
  return path.replaceAll("\\", "/").normalize("NFC");
}

/** The part behind the last slash. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function add(map: Map<string, RouteFile[]>, at: string, file: RouteFile): void {
  const there = map.get(at);
  if (there === undefined) map.set(at, [file]);
  else there.push(file);
}
