import { Command, CommanderError, Help } from "commander";
import type { CommandContext, GlobalOptions } from "./commands/context.ts";
import { addHelp, examplesText, PROGRAM_HELP } from "./commands/help.ts";
import { UsageError } from "./errors.ts";

/** A command: what `--help` lists, and how to get the rest. Modules are loaded when they run, not before. */
interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<(context: CommandContext) => Command>;
  /** It looks at all the other commands, so that they must be loaded too. */
  readonly wholeTree?: boolean;
}

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "connect",
    summary: "log in to a provider: polar, fitbit",
    load: async () => (await import("./commands/connect.ts")).newConnectCommand,
  },
  {
    name: "disconnect",
    summary: "log out of a provider; the activities stay",
    load: async () => (await import("./commands/disconnect.ts")).newDisconnectCommand,
  },
  {
    name: "sync",
    summary: "fetch what is new from every connected provider",
    load: async () => (await import("./commands/sync.ts")).newSyncCommand,
  },
  {
    name: "import",
    summary: "import an Apple Health export, or FIT, TCX and GPX files",
    load: async () => (await import("./commands/import.ts")).newImportCommand,
  },
  {
    name: "list",
    summary: "list activities, newest first, or their totals",
    load: async () => (await import("./commands/list.ts")).newListCommand,
  },
  {
    name: "show",
    summary: "show one activity: numbers, charts, zones, laps, route",
    load: async () => (await import("./commands/show.ts")).newShowCommand,
  },
  {
    name: "status",
    summary: "connections, last syncs, what waits, what is stored",
    load: async () => (await import("./commands/status.ts")).newStatusCommand,
  },
  {
    name: "doctor",
    summary: "check everything that can be wrong, and say what to do",
    load: async () => (await import("./commands/doctor.ts")).newDoctorCommand,
  },
  {
    name: "export",
    summary: "write activities as json, ndjson, csv, gpx, tcx, fit or their original file",
    load: async () => (await import("./commands/export.ts")).newExportCommand,
  },
  {
    name: "report",
    summary: "write one HTML page: route, charts, zones, laps, calendar",
    load: async () => (await import("./commands/report.ts")).newReportCommand,
  },
  {
    name: "reprocess",
    summary: "map everything stored again with this version's parsers",
    load: async () => (await import("./commands/reprocess.ts")).newReprocessCommand,
  },
  {
    name: "skipped",
    summary: "list what could not be understood, or try it again",
    load: async () => (await import("./commands/skipped.ts")).newSkippedCommand,
  },
  {
    name: "verify",
    summary: "prove that the database is sound",
    load: async () => (await import("./commands/verify.ts")).newVerifyCommand,
  },
  {
    name: "backup",
    summary: "write a verified copy of the database",
    load: async () => (await import("./commands/backup.ts")).newBackupCommand,
  },
  {
    name: "completion",
    summary: "print a completion script for bash, zsh or fish",
    load: async () => (await import("./commands/completion.ts")).newCompletionCommand,
    wholeTree: true,
  },
];

/** What the program is called with. */
export interface ProgramOptions {
  readonly version: string;
  readonly context: CommandContext;
  /** Called once the global flags are parsed, before the command runs. */
  readonly onGlobals: (globals: GlobalOptions) => void | Promise<void>;
}

/** Where an argument list names its command, or −1. */
function commandAt(argv: readonly string[]): number {
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") return -1;
    if (argument === "--db") index++;
    else if (!argument.startsWith("-")) return index;
  }
  return -1;
}

/** Which command an argument list names: only that one's module is loaded. */
export function commandNamed(argv: readonly string[]): CommandEntry | undefined {
  const argument = argv[commandAt(argv)];
  return COMMANDS.find(({ name }) => name === argument);
}

/**
 * `help list` as `list --help`. Commander's own command ends with whatever `process.exitCode` holds, which is a failure until the
 * work is done. Help on a name that nobody has is no help: such a line is left to fail as it would without.
 */
export function withHelpFlag(argv: readonly string[]): readonly string[] {
  const at = commandAt(argv);
  if (argv[at] === "help") return withHelpFlag([...argv.toSpliced(at, 1), "--help"]);
  if (at < 0 || commandNamed(argv) !== undefined) return argv;
  return argv.filter((argument) => argument !== "--help" && argument !== "-h");
}

/**
 * The commander tree: the named command and no other, or each as one line of help where none is named; all of them whole where the
 * named one wants to see them.
 */
export async function buildProgram(argv: readonly string[], options: ProgramOptions): Promise<Command> {
  const { context } = options;
  const program = new Command("fitglue")
    .description(
      "Your own training data from Polar, Fitbit and Apple Health, in one SQLite file on your own machine.",
    )
    .version(options.version, "--version", "print the version")
    .helpOption("-h, --help", "show help")
    .option("--db <path>", "the database file (FITGLUE_DB)")
    .option("--json", "one JSON document on stdout, errors as JSON lines on stderr", false)
    .option("-q, --quiet", "no progress and no summary", false)
    .option("-v, --verbose", "say more on stderr", false)
    .option("--debug", "say everything on stderr; never secrets", false)
    .option("--no-input", "ask nothing; fail where a question would be needed")
    .option("--no-color", "no colours (NO_COLOR)")
    .configureHelp({
      showGlobalOptions: true,
      // Asked for when help is written: a stream is made by asking.
      get helpWidth() {
        return context.io.stderr.columns;
      },
      // That a switch is off unless it is given goes without saying.
      optionDescription: (option) =>
        option.defaultValue === false ? option.description : new Help().optionDescription(option),
    })
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      writeErr: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .addHelpText("after", examplesText(PROGRAM_HELP.examples))
    .hook("preAction", () => options.onGlobals(program.opts<GlobalOptions>()));
  const named = commandNamed(argv);
  const whole = named?.wholeTree === true;
  for (const entry of named === undefined || whole ? COMMANDS : [named]) {
    const command = entry === named || whole ? (await entry.load())(context) : new Command(entry.name);
    program.addCommand(addHelp(command).summary(entry.summary).copyInheritedSettings(program));
    if (command.description() === "") command.description(entry.summary);
  }
  return program;
}

/** Whether commander ended because help or the version was printed. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

/** Commander's complaint about the command line as one of ours; any other error as it is. */
export function asUsageError(error: unknown, argv: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  const command = commandNamed(argv);
  const [complaint = "", ...suggestion] = error.message.replace(/^error: /, "").split("\n");
  const message = [complaint, ...suggestion.map((line) => line.replace("(Did", "(did"))].join(" ");
  return new UsageError("USAGE", error.code === "commander.help" ? "no command given" : message, {
    hint: `fitglue ${command === undefined ? "" : `${command.name} `}--help`,
    cause: error,
  });
}
