import type { Command } from "commander";

/** What `--help` says beyond arguments and options. */
export interface CommandHelp {
  /** One paragraph: what it does, what it changes, what it never does. */
  readonly description: string;
  /** Command lines that run as they stand, each with what it is for. */
  readonly examples: readonly Example[];
  /** Which exit codes mean what here, where that is not plain from `docs/exit-codes.md`. */
  readonly exits?: string;
}

/** `[what it is for, command line]`. */
export type Example = readonly [purpose: string, line: string];

/** The program's own help. */
export const PROGRAM_HELP: Pick<CommandHelp, "examples"> = {
  examples: [
    ["Begin with what the phone exports", "fitglue import ~/Downloads/export.zip"],
    ["Connect Polar, then fetch", "fitglue connect polar && fitglue sync"],
    ["See it", "fitglue list --limit 10"],
    ["Something is wrong", "fitglue doctor"],
  ],
};

/** The help of every command, by name. A test asks that each command has some and that each example parses. */
export const HELP: Readonly<Record<string, CommandHelp>> = {
  connect: {
    description:
      "Opens the provider's consent page in the browser, waits for the answer on a loopback address, and stores the credentials in the keychain or in a private file. Where no browser can be opened, it prints the address and accepts the pasted redirect URL. The client secret comes from a prompt, stdin, a file or the environment, never from the command line.",
    examples: [
      ["Connect Polar with your own AccessLink client", "fitglue connect polar --client-id ID"],
      ["Connect Fitbit with Google's client file", "fitglue connect fitbit --client-file client_secret.json"],
      ["On a machine without a browser", "fitglue connect polar --no-browser --timeout 900"],
    ],
  },
  disconnect: {
    description:
      "Revokes the consent where the provider can, and deletes the stored credentials. The activities stay.",
    examples: [["Forget the Polar credentials", "fitglue disconnect polar"]],
  },
  sync: {
    description:
      "One bounded pass over the connected providers, then the end: fetches what is new, writes it durably, and only then acknowledges it at the source. Safe to interrupt and to run again; what is stored is never doubled. Made for cron: a run that changed nothing prints nothing.",
    examples: [
      ["Everything that is connected", "fitglue sync"],
      ["One provider, reaching back", "fitglue sync fitbit --since 2026-01-01"],
      ["See what would come, write nothing", "fitglue sync --dry-run --json"],
      ["In a cron job, watched by a health check", "fitglue sync --quiet --ping https://hc-ping.com/UUID"],
    ],
    exits: "5: try later. 4: connect again. 3: stored, with items left out (fitglue skipped).",
  },
  import: {
    description:
      "Reads files into the database: Apple Health's export.zip, the unzipped folder or the bare XML, recognised by content; FIT, TCX and GPX files, folders and zips of them. Importing again changes nothing that has not changed.",
    examples: [
      ["An Apple Health export", "fitglue import export.zip"],
      ["With a zone for workouts that tell none", "fitglue import export.zip --timezone Europe/Berlin"],
      ["Count only", "fitglue import export.zip --dry-run --json"],
    ],
    exits: "6: not an export, or unreadable. 3: read, with something lost.",
  },
  list: {
    description:
      "The stored activities, newest first, or their totals. A table has the newest 20 unless --limit says otherwise: aligned on a terminal, tab-separated in a pipe, where no value is cut. JSON, NDJSON and CSV have all.",
    examples: [
      ["The last ten", "fitglue list --limit 10"],
      ["What each week added up to", "fitglue list --totals --by week"],
      ["This year's runs as JSON", "fitglue list --sport running --from 2026-01-01 --format json"],
    ],
  },
  show: {
    description:
      "One activity: numbers, charts, zones, laps, route. Without an id the newest one. In a pipe one value per line, nothing drawn.",
    examples: [
      ["The newest", "fitglue show"],
      ["One number of it, in a pipe", "fitglue show 42 | grep ^total_distance"],
      ["One with every sample, for a script", "fitglue show 42 --json --samples"],
    ],
  },
  export: {
    description:
      "Writes activities as json, ndjson, csv, gpx, tcx or fit, or as the original bytes of the source. Takes ids, or the filters of list.",
    examples: [
      ["One as GPX on stdout", "fitglue export 42 --format gpx --out -"],
      ["A year of FIT files into a folder", "fitglue export --from 2026-01-01 --format fit --out fit/"],
      [
        "For cron: what is new, into a folder that another program watches",
        "fitglue export --new --format fit --out ~/watch",
      ],
    ],
  },
  report: {
    description:
      "Writes one self-contained HTML page about the chosen activities: route, charts, zones, laps; for several a calendar and weekly totals too. It needs no network.",
    examples: [
      ["The newest, opened in the browser", "fitglue report --out run.html --open"],
      ["A year", "fitglue report --from 2026 --to 2026 --out 2026.html"],
    ],
  },
  status: {
    description:
      "Connections and the health of their tokens, the last sync and the last error, what waits, and how much is stored. Asks nobody: it reads the database and the credentials only.",
    examples: [
      ["For people", "fitglue status"],
      ["For a monitor", "fitglue status --json"],
    ],
  },
  doctor: {
    description:
      "Checks everything that can be wrong (versions, file modes, database, keychain, clock, connections, disk) and says in one line each what to do. Changes nothing; prints no secret.",
    examples: [
      ["Everything", "fitglue doctor"],
      ["Without asking any service for the time", "fitglue doctor --offline"],
      ["For a monitor", "fitglue doctor --json"],
    ],
    exits: "0: healthy. 3: something wants attention.",
  },
  skipped: {
    description:
      "Lists what a source has and fitglue could not understand. Its raw bytes are kept, so that a later version can map them: that is what --retry does.",
    examples: [
      ["What and why", "fitglue skipped"],
      ["Try again, after an update", "fitglue skipped --retry"],
    ],
  },
  reprocess: {
    description:
      "Maps every stored raw payload again with this version's parsers, without any network, and reports what changed. The numbers that you know activities by stay.",
    examples: [
      ["What would change", "fitglue reprocess --dry-run"],
      ["Only what came from Polar", "fitglue reprocess polar"],
    ],
    exits: "3: some payloads could not be mapped; what was stored of them stays.",
  },
  verify: {
    description:
      "Reads the whole database and proves it: SQLite's integrity and foreign keys, the digest of every raw payload and of every activity, rows without owner. Takes a while; changes nothing.",
    examples: [
      ["The database in use", "fitglue verify"],
      ["A backup", "fitglue verify --db /backup/fitglue.db"],
    ],
    exits: "0: sound. 3: something is odd. 7: damaged.",
  },
  backup: {
    description:
      "Writes a consistent copy of the database while anything else runs, verifies it, and only then gives it its name. Credentials are not in it.",
    examples: [
      ["A copy with the date in its name", "fitglue backup /backup/fitglue-$(date +%F).db"],
      ["Replace yesterday's", "fitglue backup --force /backup/fitglue.db"],
    ],
  },
  completion: {
    description: "Prints a completion script for bash, zsh or fish.",
    examples: [
      ["bash, for this session", "source <(fitglue completion bash)"],
      ["zsh", "fitglue completion zsh > ~/.zfunc/_fitglue"],
      ["fish", "fitglue completion fish > ~/.config/fish/completions/fitglue.fish"],
    ],
  },
};

/** The text of an `examples` list, as `--help` shows it. */
export function examplesText(examples: readonly Example[]): string {
  return `\nExamples:\n${examples.map(([purpose, line]) => `  # ${purpose}\n  ${line}\n`).join("\n")}`;
}

/** Gives a command what {@link HELP} has for it. */
export function addHelp(command: Command): Command {
  const help = HELP[command.name()];
  if (help === undefined) return command;
  command.description(help.description).addHelpText("after", examplesText(help.examples));
  if (help.exits !== undefined) command.addHelpText("after", `Exit codes:\n  ${help.exits}`);
  return command;
}
