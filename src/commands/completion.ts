import { Argument, Command, type Option } from "commander";
import { UsageError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { PROVIDER_IDS, SPORTS } from "../model/index.ts";
import type { CommandContext } from "./context.ts";

/** The shells that a script can be printed for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

/** `fitglue completion <shell>`. The program's whole tree must be loaded (`buildProgram` sees to it). */
export function newCompletionCommand(context: CommandContext): Command {
  return new Command("completion")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action(async (shell: Shell, _flags: unknown, command: Command) => {
      const program = command.parent;
      if (program === null) throw new UsageError("USAGE", "completion belongs to a program");
      const providers = await context.providers();
      const syncable = providers.filter(({ remote }) => remote !== undefined).map(({ id }) => id);
      context.io.stdout.write(completionScript(shell, program, syncable));
      context.exit(ExitCode.OK);
    });
}

/** What may follow somewhere on a command line. */
type Values = readonly string[] | "files" | "nothing";

interface Flag {
  /** `--format`, and `-q` where there is one. */
  readonly names: readonly string[];
  readonly summary: string;
  /** Undefined for a switch. */
  readonly values: Values | undefined;
}

interface Completion {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly positional: Values;
}

/** The completion script of a commander tree, made from its commands, flags, choices and provider names. */
export function completionScript(shell: Shell, program: Command, providers: readonly string[]): string {
  const globals = program.options.map((option) => flagOf(option, providers));
  const help: Flag = { names: ["--help", "-h"], summary: "show help", values: undefined };
  const commands = program.commands.map((command): Completion => {
    const own = command.options.map((option) => flagOf(option, providers));
    return {
      name: command.name(),
      summary: command.summary() || command.description(),
      flags: [...own, help, ...globals],
      positional: positionalOf(command, providers),
    };
  });
  const names = commands.map(({ name }) => name);
  commands.push({
    name: "help",
    summary: "show the help of a command",
    flags: [help, ...globals],
    positional: names,
  });
  const root: Completion = { name: "", summary: "", flags: [help, ...globals], positional: "nothing" };
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](root, commands);
}

function flagOf(option: Option, providers: readonly string[]): Flag {
  const names = [option.long, option.short].filter((name) => name !== undefined && name !== null);
  const takesValue = option.required || option.optional;
  return {
    names,
    summary: option.description,
    values: takesValue ? (option.argChoices ?? valuesOf(option.attributeName(), providers)) : undefined,
  };
}

function positionalOf(command: Command, providers: readonly string[]): Values {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return "nothing";
  return argument.argChoices ?? valuesOf(argument.name(), providers);
}

/** By name, for what has no `choices`: the names mean the same in every command. */
function valuesOf(name: string, providers: readonly string[]): Values {
  if (name === "provider") return providers;
  if (name === "source") return PROVIDER_IDS;
  if (name === "sport") return Object.keys(SPORTS);
  return ["db", "file", "path", "out", "clientFile"].includes(name) ? "files" : "nothing";
}

/** All names are ours (lower-case letters, digits, `-`, `_`), so that words need no quotes. */
function words(values: readonly string[]): string {
  return values.join(" ");
}

function bashReply(values: Values): string {
  if (values === "files")
    return "local IFS=$'\\n'; COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null";
  return values === "nothing" ? ":" : `COMPREPLY=($(compgen -W "${words(values)}" -- "$cur"))`;
}

function bashScript(root: Completion, commands: readonly Completion[]): string {
  const taking = new Set<string>();
  for (const { flags } of [root, ...commands])
    for (const { names, values } of flags)
      if (values !== undefined) for (const name of names) taking.add(name);
  const cases = (completion: Completion): string => {
    const valued = completion.flags
      .filter(({ values }) => values !== undefined)
      .map(
        ({ names, values }) => `        ${names.join("|")}) ${bashReply(values ?? "nothing")}; return ;;\n`,
      );
    return valued.length === 0 ? "" : `      case "$prev" in\n${valued.join("")}      esac\n`;
  };
  const flagWords = ({ flags }: Completion): string => words(flags.flatMap(({ names }) => names));
  const bodies = commands
    .map(
      (completion) => `    ${completion.name})
${cases(completion)}      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "${flagWords(completion)}" -- "$cur"))
      else ${bashReply(completion.positional)}
      fi ;;
`,
    )
    .join("");
  return `# bash completion for fitglue; made by: fitglue completion bash
_fitglue() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${[...taking].join("|")}) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $command in
${bodies}    "")
${cases(root)}      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "${flagWords(root)}" -- "$cur"))
      else COMPREPLY=($(compgen -W "${words(commands.map(({ name }) => name))}" -- "$cur"))
      fi ;;
  esac
}
complete -F _fitglue fitglue
`;
}

/** Inside single quotes; a quote closes, is escaped, and opens again. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function zshValues(values: Values): string {
  if (values === "files") return "_files";
  return values === "nothing" ? " " : `(${words(values)})`;
}

function zshScript(root: Completion, commands: readonly Completion[]): string {
  const plain = (text: string): string => text.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
  const specs = ({ flags }: Completion): string[] =>
    flags.map(({ names, summary, values }) => {
      const value = values === undefined ? "" : `:value:${zshValues(values)}`;
      const rest = `[${plain(summary)}]${value}`;
      const [name = ""] = names;
      return names.length === 1
        ? quoted(`${name}${rest}`)
        : `${quoted(`(${words(names)})`)}{${names.join(",")}}${quoted(rest)}`;
    });
  const call = (completion: Completion, last: readonly string[]): string =>
    `_arguments -s -C ${[...specs(completion), ...last].join(" \\\n        ")}`;
  const bodies = commands
    .map((completion) => {
      const rest = quoted(`*:argument:${zshValues(completion.positional)}`);
      return `      ${completion.name})\n        ${call(completion, [rest])} ;;\n`;
    })
    .join("");
  const list = commands.map(({ name, summary }) => `    ${quoted(`${name}:${plain(summary)}`)}\n`).join("");
  return `#compdef fitglue
# zsh completion for fitglue; made by: fitglue completion zsh
_fitglue() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${list}  )
  ${call(root, [quoted("1: :->command"), quoted("*:: :->argument")])}
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${bodies}      esac ;;
  esac
}
if [[ $funcstack[1] == _fitglue ]]; then _fitglue "$@"; else compdef _fitglue fitglue; fi
`;
}

function fishScript(root: Completion, commands: readonly Completion[]): string {
  const line = (condition: string, flag: Flag): string => {
    const names = flag.names.map((name) =>
      name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
    );
    const value =
      flag.values === undefined
        ? ""
        : flag.values === "files"
          ? " -r -F"
          : flag.values === "nothing"
            ? " -x"
            : ` -x -a ${quoted(words(flag.values))}`;
    return `complete -c fitglue ${condition}${names.join(" ")}${value} -d ${quoted(flag.summary)}\n`;
  };
  const own = (completion: Completion): Flag[] =>
    completion.flags.filter((flag) => !root.flags.some((other) => other.names[0] === flag.names[0]));
  const lines = commands.flatMap((completion) => {
    const inside = `-n ${quoted(`__fish_seen_subcommand_from ${completion.name}`)} `;
    const { positional, name, summary } = completion;
    const argument =
      positional === "nothing"
        ? []
        : positional === "files"
          ? [`complete -c fitglue ${inside}-F\n`]
          : [`complete -c fitglue ${inside}-a ${quoted(words(positional))}\n`];
    return [
      `complete -c fitglue -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}\n`,
      ...argument,
      ...own(completion).map((flag) => line(inside, flag)),
    ];
  });
  const globals = root.flags.map((flag) => line("", flag));
  return `# fish completion for fitglue; made by: fitglue completion fish
complete -c fitglue -f
${globals.join("")}${lines.join("")}`;
}
