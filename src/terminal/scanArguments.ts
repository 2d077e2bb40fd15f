import { TaskMasterError } from "../model/errors.ts";
import { type FlagDefinition, flagDefinitions } from "./flags.ts";

/** A flag as it was given; `text` is how it was written, for messages. */
export interface GivenFlag {
  readonly definition: FlagDefinition;
  readonly text: string;
  readonly value: string;
}

/** The command line taken apart: flags may stand before, between and after the other words; `--` ends them. */
export interface ScannedArguments {
  readonly words: readonly string[];
  readonly flags: readonly GivenFlag[];
}

/** A mistake on the command line; it ends with exit code 2. */
export function usageError(message: string): TaskMasterError {
  return new TaskMasterError("INVALID_INPUT", message);
}

/** Separates words and flags (INVALID_INPUT for an unknown flag or a missing value). */
export function scanArguments(argv: readonly string[]): ScannedArguments {
  const words: string[] = [];
  const flags: GivenFlag[] = [];
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--") {
      words.push(...rest.splice(0));
    } else if (argument.startsWith("--")) {
      flags.push(longFlag(argument, rest));
    } else if (argument.startsWith("-") && argument.length > 1) {
      flags.push(...shortFlags(argument, rest));
    } else {
      words.push(argument);
    }
  }
  return { words, flags };
}

function longFlag(argument: string, rest: string[]): GivenFlag {
  const equals = argument.indexOf("=");
  const text = equals < 0 ? argument : argument.slice(0, equals);
  const definition = flagDefinitions.find(({ name }) => `--${name}` === text);
  if (definition === undefined) throw usageError(`Unknown flag ${text}.`);
  if (definition.value === undefined) {
    if (equals >= 0) throw usageError(`${text} takes no value.`);
    return { definition, text, value: "" };
  }
  return { definition, text, value: equals < 0 ? nextValue(definition, text, rest) : argument.slice(equals + 1) };
}

function shortFlags(argument: string, rest: string[]): GivenFlag[] {
  const flags: GivenFlag[] = [];
  const letters = Array.from(argument.slice(1));
  for (let letter = letters.shift(); letter !== undefined; letter = letters.shift()) {
    const text = `-${letter}`;
    const definition = flagDefinitions.find(({ short }) => short === letter);
    if (definition === undefined) throw usageError(`Unknown flag ${text}${argument.length > 2 ? ` in ${argument}` : ""}.`);
    if (definition.value === undefined) {
      flags.push({ definition, text, value: "" });
    } else {
      const attached = letters.splice(0).join("");
      flags.push({ definition, text, value: attached === "" ? nextValue(definition, text, rest) : attached });
    }
  }
  return flags;
}

function nextValue(definition: FlagDefinition, text: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw usageError(`${text} needs a value: ${text} ${definition.value}.`);
  // A flag here is a forgotten value far more often than a value that begins with a dash.
  if (value.startsWith("-") && value !== "-") {
    throw usageError(`${text} needs a value before ${value}; for a value that begins with "-" write --${definition.name}=${value}.`);
  }
  return value;
}
