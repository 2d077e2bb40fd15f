// The messages that a user of VS Code gets about the queue, with VS Code's window replaced by a list.
import { beforeEach, expect, it, vi } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { Log } from "../../../src/platform/logger.ts";
import { ExtensionSession } from "../../../src/platform/extensionSession.ts";
import { TroubleSource } from "../../../src/store/trouble.ts";
import { reportSession, type WithWarnings } from "../../../src/views/sessionReporter.ts";

const shown = vi.hoisted((): { kind: string; message: string; buttons: string[]; press: (button: string) => void }[] => []);

vi.mock("vscode", () => {
  const show =
    (kind: string) =>
    (message: string, ...buttons: string[]) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      shown.push({ kind, message, buttons, press: resolve });
      return promise;
    };
  return {
    commands: { executeCommand: () => Promise.resolve() },
    window: { showInformationMessage: show("information"), showWarningMessage: show("warning"), showErrorMessage: show("error") },
  };
});

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet } as unknown as Log;
let trouble: TroubleSource;
let opens: number;
let warnings: TaskMasterError[];
let session: ExtensionSession<WithWarnings>;

beforeEach(async () => {
  shown.length = 0;
  opens = 0;
  warnings = [];
  trouble = new TroubleSource(quiet);
  session = new ExtensionSession<WithWarnings>({
    folder: () => "/repository",
    open: () => {
      opens += 1;
      return Promise.resolve({ warnings: opens === 1 ? warnings : [], onTrouble: trouble.event, dispose: () => Promise.resolve() });
    },
  });
  reportSession(session, log);
});

it("a queue that is lost while it is open: an error with Reload, which opens it anew", async () => {
  await session.start();
  trouble.tell(new TaskMasterError("STORE_FAILED", "The queue was removed while it was open."));
  expect(shown).toMatchObject([{ kind: "error", message: "The queue was removed while it was open.", buttons: ["Reload", "Show Log"] }]);
  trouble = new TroubleSource(quiet);
  shown[0]?.press("Reload");
  await vi.waitFor(() => expect([opens, session.state.kind]).toEqual([2, "active"]));
  expect(shown).toHaveLength(1);
});

it("a queue that was recovered: one warning with all that was done", async () => {
  warnings.push(new TaskMasterError("STORE_RECOVERED", "It was damaged."), new TaskMasterError("REGISTRY_CORRUPT", "The list too."));
  await session.start();
  expect(shown).toMatchObject([{ kind: "warning", message: "It was damaged. The list too.", buttons: ["Show Log"] }]);
});

it("a queue that was closed tells nothing any more", async () => {
  await session.start();
  await session.stop();
  trouble.tell(new TaskMasterError("STORE_FAILED", "gone"));
  expect(shown).toEqual([]);
});
