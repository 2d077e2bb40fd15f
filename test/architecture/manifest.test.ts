import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/base/json.ts";
import * as identifiers from "../../src/model/identifiers.ts";
import { parseSettings } from "../../src/model/settings.ts";
import { taskActions } from "../../src/model/taskActions.ts";
import { readManifest } from "../l10n/manifestTexts.ts";

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}
interface Setting {
  readonly type: string;
  readonly default: unknown;
  readonly scope: string;
  readonly description?: string;
  readonly markdownDescription?: string;
}
/** A text, or a picture in every kind of theme. */
type StepMedia = { readonly markdown: string } | { readonly image: Readonly<Record<"dark" | "light" | "hc" | "hcLight", string>>; readonly altText: string };
interface Manifest {
  readonly name: string;
  readonly icon: string;
  readonly keywords: readonly string[];
  readonly categories: readonly string[];
  readonly activationEvents: readonly string[];
  readonly extensionKind: readonly string[];
  readonly enabledApiProposals?: readonly string[];
  readonly capabilities: {
    readonly virtualWorkspaces: { readonly supported: boolean };
    readonly untrustedWorkspaces: { readonly supported: string; readonly description: string; readonly restrictedConfigurations: readonly string[] };
  };
  readonly contributes: {
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when: string }[];
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly description: string; readonly media: StepMedia; readonly completionEvents: readonly string[] }[];
    }[];
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category: string;
      readonly icon?: string;
      readonly enablement?: string;
    }[];
    readonly menus: Readonly<Record<string, readonly MenuEntry[]>>;
    readonly configuration: { readonly properties: Readonly<Record<string, Setting>> };
  };
}

const root = path.resolve(import.meta.dirname, "../..");
const manifest = readManifest() as Manifest;
const { contributes } = manifest;
const settings = Object.entries(contributes.configuration.properties);
const sorted = (texts: Iterable<string>): readonly string[] => [...texts].toSorted();
/** Contribution points that are stable in VS Code 1.103 and that we use; anything else is added here on purpose. */
const stablePoints = ["commands", "configuration", "menus", "views", "viewsContainers", "viewsWelcome", "walkthroughs"];
const stableMenus = ["commandPalette", "view/title", "view/item/context"];

describe("manifest", () => {
  it("has the names that the code knows", () => {
    expect(manifest.name).toBe(identifiers.extensionName);
    expect(contributes.viewsContainers.activitybar.map(({ id }) => id)).toEqual([identifiers.viewContainerId]);
    expect(Object.entries(contributes.views).map(([container, views]) => [container, views.map(({ id }) => id)])).toEqual([
      [identifiers.viewContainerId, [identifiers.treeViewId]],
    ]);
    expect(sorted(contributes.commands.map(({ command }) => command))).toEqual(sorted(Object.values(identifiers.commandIds)));
    expect(sorted(settings.map(([id]) => id))).toEqual(sorted(Object.keys(identifiers.settingNames)));
    expect(manifest.activationEvents).toEqual([`onWebviewPanel:${identifiers.runViewType}`]);
  });

  it("gives every command a title, one category and at most 25 of them", () => {
    expect(contributes.commands.length).toBeLessThanOrEqual(25);
    for (const { command, title, category } of contributes.commands) {
      expect(category, command).toBe("Task Master");
      expect(title, command).toMatch(/^[A-Z][A-Za-z]*( [A-Z][A-Za-z]*)+$/);
    }
  });

  it("offers a command only where it can work; looking at a run needs no trust, the log not even a folder", () => {
    const free = contributes.commands
      .filter(({ enablement }) => enablement !== "isWorkspaceTrusted && workspaceFolderCount != 0")
      .map(({ command }) => command);
    expect(free).toEqual([identifiers.commandIds.openRun, identifiers.commandIds.copyDiagnostics, identifiers.commandIds.showLog]);
  });

  it("uses no proposed API, and only contribution points and menus that are stable", () => {
    expect(manifest.enabledApiProposals).toBeUndefined();
    expect(Object.keys(contributes).filter((point) => !stablePoints.includes(point))).toEqual([]);
    expect(Object.keys(contributes.menus).filter((menu) => !stableMenus.includes(menu))).toEqual([]);
  });

  it("puts only own commands into menus, at most three inline on a row", () => {
    const own: readonly string[] = Object.values(identifiers.commandIds);
    for (const { command } of Object.values(contributes.menus).flat()) expect(own).toContain(command);
    for (const actions of [
      "task run cancel",
      "task pause stop cancel",
      "task resume stop cancel",
      "task pause stop cancel answer",
      "task resume stop cancel answer",
      "task start retry cancel",
      "task retry",
      "task cancel remove depends retryDependency dropDependency",
      "task",
    ]) {
      const inline = (contributes.menus["view/item/context"] ?? []).filter(
        ({ group, when }) => group?.startsWith("inline") === true && ruleOf(when).test(actions),
      );
      expect(inline.length, actions).toBeLessThanOrEqual(3);
    }
  });

  it("shows on a row exactly the actions of its context value", () => {
    const menu = contributes.menus["view/item/context"] ?? [];
    const { openRun, sendMessage, editDependencies, retryDependency, dropDependency } = identifiers.commandIds;
    for (const action of taskActions) {
      const shown = new Set(menu.filter(({ when }) => ruleOf(when).test(`task ${action}`)).map(({ command }) => command));
      expect(sorted(shown)).toEqual(sorted([openRun, sendMessage, identifiers.commandIds[`${action}Task`]]));
    }
    const shownFor = (words: string): readonly string[] => [...new Set(menu.filter(({ when }) => ruleOf(when).test(words)).map(({ command }) => command))];
    expect(sorted(shownFor("task depends retryDependency dropDependency"))).toEqual(
      sorted([openRun, sendMessage, editDependencies, retryDependency, dropDependency]),
    );
    expect(menu.filter(({ when }) => ruleOf(when).test("group"))).toEqual([]);
  });

  it("describes at most 20 settings, each with type, default and scope", () => {
    expect(settings.length).toBeLessThanOrEqual(20);
    for (const [id, setting] of settings) {
      expect((setting.description ?? setting.markdownDescription ?? "").length, id).toBeGreaterThan(20);
      expect(setting, id).toMatchObject({
        type: expect.any(String) as string,
        scope: expect.stringMatching(/^(machine|machine-overridable|window)$/) as string,
      });
      expect(setting, id).toHaveProperty("default");
    }
    // A repository must neither choose the program nor lower what is asked about.
    for (const id of ["taskMaster.goose.path", "taskMaster.approvals.mode", "taskMaster.approvals.timeoutMinutes"]) {
      expect(contributes.configuration.properties[id]?.scope, id).toBe("machine");
    }
  });

  it("has the engine's defaults, and no setting that the engine does not read", () => {
    const raw = Object.fromEntries(
      settings.map(([id, { default: value }]) => [identifiers.settingNames[id as keyof typeof identifiers.settingNames], value as JsonValue]),
    );
    expect(parseSettings(raw)).toEqual({ ...parseSettings({}), problems: [] });
    for (const name of Object.values(identifiers.settingNames)) expect(parseSettings({ [name]: [1] }).problems, name).toHaveLength(1);
  });

  it("is careful with what it is not told to trust", () => {
    expect(manifest.extensionKind).toEqual(["workspace"]);
    expect(manifest.capabilities.virtualWorkspaces.supported).toBe(false);
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe("limited");
    expect(sorted(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations)).toEqual(sorted(settings.map(([id]) => id)));
  });

  it("fits the Marketplace: known categories, few keywords, pictures that exist", () => {
    expect(manifest.keywords.length).toBeLessThanOrEqual(12);
    expect(["AI", "Other", "SCM Providers"]).toEqual(expect.arrayContaining([...manifest.categories]));
    expect(pngSize(manifest.icon)).toEqual([256, 256]);
    for (const { icon } of [...contributes.viewsContainers.activitybar, ...Object.values(contributes.views).flat()])
      expect(statSync(path.join(root, icon)).isFile()).toBe(true);
  });

  it("offers in welcome views only commands of ours and of VS Code", () => {
    const known = [...Object.values(identifiers.commandIds), "vscode.openFolder", "workbench.trust.manage", "git.init", "workbench.action.reloadWindow"];
    for (const { view, contents } of contributes.viewsWelcome) {
      expect(view).toBe(identifiers.treeViewId);
      for (const [, command] of contents.matchAll(/\(command:([^)]+)\)/g)) expect(known).toContain(command);
    }
  });

  it("leads through five steps, each with an action that exists and an end that comes", () => {
    const known = [...Object.values(identifiers.commandIds), "vscode.openFolder", "git.init"];
    const ends = [...known.map((id) => `onCommand:${id}`), ...Object.values(identifiers.contextKeys).map((key) => `onContext:${key}`)];
    const packaged = readFileSync(path.join(root, ".vscodeignore"), "utf8");
    const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    expect(steps).toHaveLength(5);
    for (const { description, media, completionEvents } of steps) {
      const actions = [...description.matchAll(/\(command:([^)]+)\)/g)].map(([, command]) => command);
      expect(actions.length).toBeGreaterThan(0);
      for (const action of actions) expect(known).toContain(action);
      expect(completionEvents.filter((end) => !ends.includes(end))).toEqual([]);
      for (const file of filesOf(media)) {
        expect(packaged).toContain(`!${path.dirname(file)}/*${path.extname(file)}`);
        expect(statSync(path.join(root, file)).size, file).toBeLessThan(150_000);
      }
    }
  });

  it("asks in when-clauses only for context keys that somebody sets", () => {
    const known: readonly string[] = [...Object.values(identifiers.contextKeys), identifiers.treeViewId];
    const clauses = [...contributes.viewsWelcome, ...Object.values(contributes.menus).flat()].map(({ when }) => when ?? "").join(" ");
    for (const [key] of clauses.matchAll(/taskMaster\.\w+/g)) expect(known).toContain(key);
  });
});

/** The files of a walkthrough step. */
function filesOf(media: StepMedia): readonly string[] {
  if ("markdown" in media) return [media.markdown];
  expect(media.altText.length).toBeGreaterThan(40);
  expect(sorted(Object.keys(media.image))).toEqual(["dark", "hc", "hcLight", "light"]);
  return Object.values(media.image);
}

/** The regular expression that a when-clause asks of the row's context value. */
function ruleOf(when: string | undefined): RegExp {
  return new RegExp(/viewItem =~ \/(.+)\//.exec(when ?? "")?.[1] ?? "(?!)");
}

/** Width and height from the header of a PNG. */
function pngSize(file: string): readonly [number, number] {
  const header = readFileSync(path.join(root, file));
  return [header.readUInt32BE(16), header.readUInt32BE(20)];
}
