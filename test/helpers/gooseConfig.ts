import { fileURLToPath } from "node:url";

const platformExtensions = ["analyze", "apps", "extensionmanager", "scheduler", "skills", "summon", "todo", "tom"];

/** Goose's config.yaml with the developer extension and those that are named; "test" is the MCP server of the tests. */
export function gooseConfig(extensions: readonly string[] = []): string {
  const platform = platformExtensions.map((name) => extension(name, { enabled: extensions.includes(name), type: "platform" }));
  const server = { type: "stdio", cmd: process.execPath, args: [fileURLToPath(new URL("mcpServer.ts", import.meta.url))], timeout: 30 };
  const test = extension("test", { enabled: extensions.includes("test"), ...server });
  // YAML takes JSON as it is.
  return `extensions: ${JSON.stringify(Object.fromEntries([extension("developer", { enabled: true, type: "platform" }), ...platform, test]))}\n`;
}

function extension(name: string, more: Readonly<Record<string, unknown>>): [string, unknown] {
  return [name, { name, description: name, display_name: name, bundled: more["type"] === "platform", available_tools: [], envs: {}, env_keys: [], ...more }];
}
