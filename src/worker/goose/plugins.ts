import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";

/**
 * The value of the variable PLUGINS that switches off every plugin which the repository brings along. Goose starts
 * the commands of such plugins already at session/new, in every mode and before anybody was asked (reliability.md,
 * fact 3; measured again: only `.agents/plugins` of the working directory counts, ancestors are covered in case).
 */
export async function disabledProjectPlugins(directory: string): Promise<string | undefined> {
  const disabled: Record<string, { enabled: false }> = {};
  for (const root of await upToRepository(directory)) {
    const folder = path.join(root, ".agents", "plugins");
    for (const name of await readdir(folder).catch(() => [])) {
      const plugin = path.join(folder, name);
      disabled[plugin] = { enabled: false };
      const real = await realpath(plugin).catch(() => undefined);
      if (real !== undefined) disabled[real] = { enabled: false };
    }
  }
  return Object.keys(disabled).length === 0 ? undefined : JSON.stringify(disabled);
}

async function upToRepository(directory: string): Promise<string[]> {
  const roots = [directory];
  const real = await realpath(directory).catch(() => directory);
  if (real !== directory) roots.push(real);
  for (let current = real; !(await exists(path.join(current, ".git")));) {
    const parent = path.dirname(current);
    if (parent === current) break;
    roots.push(parent);
    current = parent;
  }
  return roots;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
