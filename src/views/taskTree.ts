import { EventEmitter, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState, window, type TreeDataProvider, type TreeView } from "vscode";
import { t } from "../base/l10n.ts";
import type { Disposable } from "../base/event.ts";
import { commandIds, treeViewId } from "../model/identifiers.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";
import { groupLabels, type TaskGroup } from "./taskGroups.ts";
import { taskItem, taskTooltip, type TaskItemContext } from "./taskItem.ts";
import type { TaskList } from "./taskList.ts";
import { TaskTreeModel, type TreeNode } from "./taskTreeModel.ts";

/** At most four repaints a second, however fast tasks change. */
const repaintIntervalMs = 250;
/** Longest wait of one timer; a later time is reached in several. */
const longestWaitMs = 3_600_000;

/** The sidebar's tree: groups of tasks, painted again only where something changed. */
export class TaskTree implements TreeDataProvider<TreeNode>, Disposable {
  readonly #list: TaskList;
  readonly #settled: () => Promise<unknown>;
  readonly #model = new TaskTreeModel();
  readonly #dirty = new Set<TaskId>();
  readonly #repaints = new EventEmitter<TreeNode[] | undefined>();
  readonly #repaint: Throttled;
  readonly #view: TreeView<TreeNode>;
  readonly #subscription: Disposable;
  #wake: ReturnType<typeof setTimeout> | undefined;

  readonly onDidChangeTreeData = this.#repaints.event;

  /** `settled` resolves when the activation has an outcome; until then the view shows that it is busy. */
  constructor(list: TaskList, settled: () => Promise<unknown>) {
    this.#list = list;
    this.#settled = settled;
    this.#repaint = throttle(repaintIntervalMs, () => this.#update());
    this.#subscription = list.onDidChange((ids) => {
      for (const id of ids) this.#dirty.add(id);
      this.#repaint();
    });
    this.#view = window.createTreeView(treeViewId, { treeDataProvider: this, showCollapseAll: true });
  }

  /** Says something above the groups; an empty text takes it away. */
  say(message: string): void {
    if (this.#view.message !== message) this.#view.message = message;
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node?.kind === "group") return [...this.#model.tasksOf(node.group)];
    if (node?.kind === "task") return [];
    await this.#settled();
    return [...this.#model.groups()];
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return this.#model.parentOf(node);
  }

  getTreeItem(node: TreeNode): TreeItem {
    return node.kind === "group" ? this.#groupItem(node.group) : this.#taskItem(node);
  }

  resolveTreeItem(item: TreeItem, node: TreeNode): TreeItem {
    const task = node.kind === "task" ? this.#model.task(node.taskId) : undefined;
    if (task !== undefined)
      item.tooltip = taskTooltip(
        task,
        this.#context(task),
        this.#model.unblockedBy(task.id).map(({ title }) => title),
      );
    return item;
  }

  dispose(): void {
    clearTimeout(this.#wake);
    this.#repaint.dispose();
    this.#subscription.dispose();
    this.#view.dispose();
    this.#repaints.dispose();
  }

  #groupItem(group: TaskGroup): TreeItem {
    const count = this.#model.size(group);
    const item = new TreeItem(groupLabels[group], group === "done" ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.Expanded);
    item.id = `group:${group}`;
    item.description = String(count);
    item.contextValue = "group";
    item.accessibilityInformation = { label: `${groupLabels[group]}, ${t({ one: "{0} task", other: "{0} tasks" }, count)}` };
    return item;
  }

  #taskItem(node: TreeNode & { kind: "task" }): TreeItem {
    const task = this.#model.task(node.taskId);
    if (task === undefined) return new TreeItem(node.taskId);
    const model = taskItem(task, this.#context(task));
    const item = new TreeItem(model.label);
    item.id = `task:${task.id}`;
    item.description = model.description;
    item.iconPath = new ThemeIcon(model.icon.id, model.icon.color === undefined ? undefined : new ThemeColor(model.icon.color));
    item.contextValue = model.contextValue;
    item.accessibilityInformation = { label: model.accessibilityLabel };
    item.command = { command: commandIds.openRun, title: t("Open Run"), arguments: [node] };
    return item;
  }

  #context(task: Task): TaskItemContext {
    return { now: Date.now(), pending: this.#list.pendingAction(task.id), find: (id) => this.#model.task(id) };
  }

  #update(): void {
    const changed = new Map([...this.#dirty].map((id) => [id, this.#list.get(id)]));
    this.#dirty.clear();
    const repaint = this.#model.update(changed, Date.now());
    if (repaint === "all") this.#repaints.fire(undefined);
    else if (repaint.length > 0) this.#repaints.fire([...repaint]);
    this.#paintBadge();
    this.#armWake();
  }

  #paintBadge(): void {
    const count = this.#model.size("attention");
    const badge = count === 0 ? undefined : { value: count, tooltip: t({ one: "{0} task needs you", other: "{0} tasks need you" }, count) };
    if (this.#view.badge?.value !== badge?.value) this.#view.badge = badge;
  }

  /** A scheduled task becomes ready without any event of the engine. */
  #armWake(): void {
    clearTimeout(this.#wake);
    const at = this.#model.nextWake();
    if (at === undefined) return;
    this.#wake = setTimeout(
      () => {
        for (const id of this.#model.dueBy(Date.now()).keys()) this.#dirty.add(id);
        this.#update();
      },
      Math.min(longestWaitMs, Math.max(1, at - Date.now())),
    );
  }
}
