import { textField, type ApprovalMode, type PermissionQuestion } from "../model/permission.ts";
import type { PermissionRequest } from "../model/toolCall.ts";
import { reviewCommand } from "./commandReview.ts";
import { changesScripts } from "./packageScripts.ts";
import { protectedBecause } from "./protectedPaths.ts";
import { placeOf } from "./shellPlaces.ts";

/** What the policy makes of a tool call. `reason` is told to Goose and to the journal. */
export type PermissionRuling =
  | { readonly kind: "allow" }
  | { readonly kind: "reject"; readonly reason: string }
  | ({ readonly kind: "ask" } & Pick<PermissionQuestion, "why" | "covers">);

/** What a decision rests on besides the call itself. */
export interface PolicyContext {
  readonly mode: ApprovalMode;
  /** What the user allowed for the task, by key. */
  readonly grants: readonly string[];
  /** Absolute. */
  readonly worktree: string;
}

const allow: PermissionRuling = { kind: "allow" };

/**
 * Goose's sub-agents work inside Goose: no permission requests, no terminals of ours, its whole environment with the
 * provider's key, and no bounds to the worktree.
 */
const subAgents = /(^|__)delegate$/;
const subAgentReason = "A sub-agent was declined: its work could neither be paused nor be kept inside the worktree.";

/** Tools of Goose that only look, or only keep Goose's own notes. */
const lookers =
  /^((developer__)?(tree|read_image|read|list|view)|analyze(__analyze)?|todo__\w+|skills__\w+|load_?skill|platform__read_resource|platform__list_resources)$/;
/** They make Goose start other programs, later or in its own process. */
const extenders = /(^|__)(manage_extensions|enable_extension|search_available_extensions|manage_schedule|create_app|iterate_app|manage_recipe)$/;

const readOnlyReason = "This task may only look at the repository: nothing is written and no command is run (approvals: read only).";

/** Decides on a tool call: allowed, declined, or a question for the user. */
export function decidePermission(request: PermissionRequest, context: PolicyContext): PermissionRuling {
  const { toolName } = request;
  if (subAgents.test(toolName)) return { kind: "reject", reason: subAgentReason };
  const command = textField(request.input, "command");
  if (/^(developer__)?shell$/.test(toolName))
    return command === undefined ? rejectedOrAsked("runs a command that is not shown", context) : onCommand(command, request, context);
  if (/^(developer__)?(write|edit)$/.test(toolName)) return onFile(request, context);
  if (lookers.test(toolName))
    return context.mode === "askAll" ? asked("looks at files or keeps notes", `tool:${toolName}`, `every use of ${toolName}`, context) : allow;
  if (context.mode === "readOnly") return { kind: "reject", reason: readOnlyReason };
  if (extenders.test(toolName)) return { kind: "ask", why: "changes which tools and programs Goose itself has" };
  return context.mode === "autonomous"
    ? allow
    : asked("uses a tool of which it is not known what it does", `tool:${toolName}`, `every use of ${toolName}`, context);
}

function onCommand(command: string, { isCut = false }: PermissionRequest, context: PolicyContext): PermissionRuling {
  if (context.mode === "readOnly") return { kind: "reject", reason: readOnlyReason };
  if (isCut) return { kind: "reject", reason: "The command is too long to be shown to anybody. Put it into a file of the worktree and run that." };
  const { dangers, programs } = reviewCommand(command, context.worktree);
  if (dangers.length > 0) return { kind: "ask", why: `runs a command that ${listed(dangers)}` };
  return context.mode === "autonomous" ? allow : onHarmless(command, programs, context);
}

/** A command without any danger, in a mode that asks all the same. */
function onHarmless(command: string, programs: readonly string[] | undefined, context: PolicyContext): PermissionRuling {
  const keys = programs?.map((program) => `run:${program}`) ?? [];
  if (keys.length > 0 && keys.every((key) => context.grants.includes(key))) return allow;
  const [only, ...more] = programs ?? [];
  if (only === undefined || more.length > 0) return asked("runs a command", `text:${command}`, "this very command", context);
  return asked("runs a command", `run:${only}`, `every command that runs ${only} and nothing else`, context);
}

function onFile(request: PermissionRequest, context: PolicyContext): PermissionRuling {
  if (context.mode === "readOnly") return { kind: "reject", reason: readOnlyReason };
  const danger = fileDanger(request, context);
  if (danger !== undefined) return danger;
  return context.mode === "autonomous"
    ? allow
    : asked("changes a file", "edits", "every change of an ordinary file in the worktree by write and edit", context);
}

/** By the path as it is written and as the links on its way make it. */
function fileDanger({ input, target, diff, isCut }: PermissionRequest, { worktree }: PolicyContext): PermissionRuling | undefined {
  const path = textField(input, "path");
  if (path === undefined) return { kind: "reject", reason: "The file that would be changed is not named." };
  const place = placeOf(path, worktree, worktree);
  // The worktree may itself be reached by a link; then what is really there counts.
  if (target === undefined ? place.kind !== "inside" : !target.isInside) {
    return { kind: "reject", reason: "The file is outside the worktree; only what is inside it can be written." };
  }
  const relatives = [...(place.kind === "inside" ? [place.relative] : []), ...(target === undefined ? [] : [target.path])];
  const why = relatives.map(protectedBecause).find((found) => found !== undefined);
  if (why !== undefined) return { kind: "ask", why: `changes ${why}` };
  const isManifest = relatives.some((relative) => /(^|[\\/])package\.json$/i.test(relative));
  return isManifest && (isCut === true || changesScripts(diff)) ? { kind: "ask", why: "changes the scripts of package.json, which others run" } : undefined;
}

function rejectedOrAsked(why: string, { mode }: PolicyContext): PermissionRuling {
  return mode === "readOnly" ? { kind: "reject", reason: readOnlyReason } : { kind: "ask", why };
}

function asked(why: string, key: string, words: string, { grants }: PolicyContext): PermissionRuling {
  return grants.includes(key) ? allow : { kind: "ask", why, covers: { key, words } };
}

function listed(dangers: readonly string[]): string {
  return dangers.slice(0, 3).join(", and that ") + (dangers.length > 3 ? ", and more" : "");
}
