import * as v from "valibot";
import { TaskMasterError } from "../../model/errors.ts";
import {
  gitChainInput,
  gitChangesInput,
  gitCleanupInput,
  gitCommitInput,
  gitDumpInput,
  gitInspectInput,
  gitPrepareInput,
  gitPushInput,
} from "../../protocol/handlers.ts";
import type { JsonObject } from "../../base/json.ts";
import { readBranchChain } from "../git/branchChain.ts";
import { changedPaths } from "../git/changes.ts";
import { cleanUp } from "../git/cleanup.ts";
import { commitWork } from "../git/commit.ts";
import type { Warn } from "../git/commit.ts";
import { inspectRepository } from "../git/inspect.ts";
import { prepareWorkspace } from "../git/prepare.ts";
import { pushBranch } from "../git/push.ts";
import { dumpState } from "../git/stateDump.ts";
import type { HandlerContext, TaskHandler } from "../handlerRegistry.ts";

/** The git handlers by name; inputs and outputs are those of protocol/handlers.ts. */
export const gitHandlers = {
  "git.inspect": async (input, { signal }) => inspectRepository(parse(gitInspectInput, input), signal),
  "git.prepare": async (input, context) => prepareWorkspace(parse(gitPrepareInput, input), context.signal, warner(context)),
  "git.changes": async (input, { signal }) => changedPaths(parse(gitChangesInput, input), signal),
  "git.commit": async (input, context) => commitWork(parse(gitCommitInput, input), context.signal, warner(context)),
  "git.push": async (input, context) => pushBranch(parse(gitPushInput, input), { signal: context.signal, warn: warner(context) }),
  "git.chain": async (input, { signal }) => readBranchChain(parse(gitChainInput, input), signal),
  "git.dump": async (input, { signal }) => dumpState(parse(gitDumpInput, input), signal),
  "git.cleanup": async (input, context) => cleanUp(parse(gitCleanupInput, input), context.signal, warner(context)),
} satisfies Record<string, TaskHandler>;

function parse<S extends v.GenericSchema>(schema: S, input: JsonObject): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new TaskMasterError("INVALID_INPUT", `${v.getDotPath(issue) ?? "input"}: ${issue.message}`);
}

function warner(context: HandlerContext): Warn {
  return (message, level = "warn") => context.emit({ type: "log", level, message });
}
