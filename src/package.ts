/** A file of the installed package by its path in it. This module stands one folder below the package's, in `src/` and in `dist/`. */
export function packageFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}
