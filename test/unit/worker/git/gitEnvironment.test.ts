import path from "node:path";
import { describe, expect, it } from "vitest";
import { gitEnvironment } from "../../../../src/worker/git/gitEnvironment.ts";

describe("gitEnvironment", () => {
  it("lets through what git needs and nothing that runs, redirects or is secret", () => {
    const environment = gitEnvironment({
      HOME: "/h",
      XDG_CONFIG_HOME: "/x",
      GIT_CONFIG_GLOBAL: "/g",
      GIT_DIR: "/d",
      GIT_EDITOR: "vi",
      GIT_SSH_COMMAND: "x",
      GIT_CONFIG_COUNT: "1",
      EDITOR: "vi",
      SSH_ASKPASS: "x",
      OPENAI_API_KEY: "s",
      LD_PRELOAD: "x",
    });
    expect(environment).toEqual({
      HOME: "/h",
      XDG_CONFIG_HOME: "/x",
      GIT_CONFIG_GLOBAL: "/g",
      PATH: "",
      LC_ALL: "C",
      GIT_TERMINAL_PROMPT: "0",
      GIT_OPTIONAL_LOCKS: "0",
    });
  });

  it("drops relative entries of PATH", () => {
    const PATH = ["/usr/bin", ".", "", "node_modules/.bin", "/bin"].join(path.delimiter);
    expect(gitEnvironment({ PATH })["PATH"]).toBe(["/usr/bin", "/bin"].join(path.delimiter));
  });

  it("sets the identity for author and committer, without control characters", () => {
    expect(gitEnvironment({}, { name: " A\u0000\nB ", email: "" })).toMatchObject({ GIT_AUTHOR_NAME: "AB", GIT_COMMITTER_NAME: "AB" });
    expect(gitEnvironment({}, { email: "x@y.z" })).not.toHaveProperty("GIT_AUTHOR_NAME");
  });
});
