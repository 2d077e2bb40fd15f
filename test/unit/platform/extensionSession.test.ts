import { describe, expect, it } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import { ExtensionSession, type SessionPorts } from "../../../src/platform/extensionSession.ts";

interface Opened {
  dispose(): Promise<void>;
}

function makeSession(ports: Partial<SessionPorts<Opened>> = {}): { session: ExtensionSession<Opened>; log: string[]; kinds: string[] } {
  const log: string[] = [];
  const kinds: string[] = [];
  const session = new ExtensionSession<Opened>({
    folder: () => "/repository",
    open: (folder) => {
      log.push(`open ${folder}`);
      return Promise.resolve({ dispose: () => Promise.resolve(void log.push("close")) });
    },
    ...ports,
  });
  session.onDidChangeState(({ kind }) => kinds.push(kind));
  return { session, log, kinds };
}

describe("ExtensionSession", () => {
  it("opens once however often it is started", async () => {
    const { session, log, kinds } = makeSession();
    await Promise.all([session.start(), session.start(), session.opened()]);
    expect(log).toEqual(["open /repository"]);
    expect(kinds).toEqual(["initializing", "active"]);
  });

  it("opens nothing without a folder, and says so", async () => {
    const noFolder = makeSession({ folder: () => undefined });
    await expect(noFolder.session.opened()).rejects.toMatchObject({ code: "NO_FOLDER" });
    expect(noFolder.log).toEqual([]);
    expect(noFolder.kinds).toEqual(["noFolder"]);
  });

  it("becomes active when a folder is opened", async () => {
    let folder: string | undefined;
    const { session, kinds } = makeSession({ folder: () => folder });
    await session.start();
    folder = "/repository";
    await session.restart();
    expect(kinds).toEqual(["noFolder", "uninitialized", "initializing", "active"]);
  });

  it("keeps the failure for whoever asks and can try again", async () => {
    let tries = 0;
    const { session } = makeSession({
      open: () => (++tries === 1 ? Promise.reject(new TaskMasterError("STORE_TOO_NEW", "newer")) : Promise.resolve({ dispose: () => Promise.resolve() })),
    });
    await expect(session.opened()).rejects.toMatchObject({ code: "STORE_TOO_NEW" });
    expect(session.state.kind).toBe("failed");
    await session.restart();
    expect(session.state.kind).toBe("active");
  });

  it("tells its listeners before it closes, and closes once", async () => {
    const { session, log } = makeSession();
    await session.start();
    session.onDidChangeState(({ kind }) => log.push(kind));
    await Promise.all([session.stop(), session.stop()]);
    expect(log).toEqual(["open /repository", "uninitialized", "close"]);
  });

  it("closes what a start under way opens", async () => {
    const { session, log } = makeSession();
    void session.start();
    await session.stop();
    expect(log).toEqual(["open /repository", "close"]);
    expect(session.state.kind).toBe("uninitialized");
  });
});
