import type { WorkerHost } from "../engine/ports.ts";
import type { EngineSettings } from "../model/settings.ts";
import { toTaskMasterError, type ErrorCode } from "../model/errors.ts";
import { identityOf } from "./gitDeps.ts";
import { gooseChoice, type GooseSource } from "./gooseChoice.ts";
import { callHandler, noTask } from "./invokeHandler.ts";

/** One thing that a run needs, and whether it is there. */
export interface SetupCheck {
  readonly name: "node" | "queue" | "repository" | "goose" | "provider";
  readonly ok: boolean;
  readonly detail: string;
  /** For programs: why it is not. */
  readonly code?: ErrorCode;
}

/** What the checks look at. */
export interface SetupContext extends GooseSource {
  readonly workers: WorkerHost;
  readonly settings: () => EngineSettings;
  readonly folder: string;
  /** Where the queue is and how large. */
  readonly queue: () => string;
}

/** Looks whether everything that a run needs is there; never throws: what is missing is said in `detail`, with what to do. */
export async function checkSetup(context: SetupContext): Promise<readonly SetupCheck[]> {
  const { workers, settings, folder, queue } = context;
  const identity = identityOf(settings());
  const goose = gooseChoice(context);
  return [
    { name: "node", ok: true, detail: `Node ${process.versions.node}` },
    { name: "queue", ok: true, detail: queue() },
    await check("repository", async () => {
      const found = await callHandler(workers, noTask, { handler: "git.inspect", input: { directory: folder, identity } });
      return `${found.root} at ${found.branch ?? found.head.slice(0, 12)}, git ${found.gitVersion}`;
    }),
    await check("goose", async () => {
      const found = await callHandler(workers, noTask, { handler: "goose.check", input: { ...goose, provider: false, cwd: folder } });
      return `${found.path}, version ${found.version}`;
    }),
    await check("provider", async () => {
      await callHandler(workers, noTask, { handler: "goose.check", input: { ...goose, provider: true, cwd: folder } });
      const { provider } = settings();
      return provider === undefined ? "a provider and a model are configured" : `${provider.id} with ${provider.model}, chosen in Task Master`;
    }),
  ];
}

async function check(name: SetupCheck["name"], look: () => Promise<string>): Promise<SetupCheck> {
  try {
    return { name, ok: true, detail: await look() };
  } catch (thrown) {
    const error = toTaskMasterError(thrown);
    return { name, ok: false, detail: error.message, code: error.code };
  }
}
