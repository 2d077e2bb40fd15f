import { unblockedBy } from "../model/dependencies.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { compareInGroup, groupOf, taskGroups, type TaskGroup } from "./taskGroups.ts";

/** A node of the tree; the same object for the same thing as long as it lives. */
export type TreeNode = { readonly kind: "group"; readonly group: TaskGroup } | { readonly kind: "task"; readonly taskId: TaskId };

/** What has to be painted again: everything, or these nodes. */
export type Repaint = "all" | readonly TreeNode[];

/** Which tasks are in which group, and what a change makes necessary to paint. */
export class TaskTreeModel {
  readonly #tasks = new Map<TaskId, Task>();
  readonly #places = new Map<TaskId, TaskGroup>();
  readonly #members = new Map<TaskGroup, Set<TaskId>>(taskGroups.map((group) => [group, new Set()]));
  readonly #nodes = new Map<string, TreeNode>();
  readonly #dependants = new Map<TaskId, Set<TaskId>>();

  /** Groups that hold something, in their order. */
  groups(): readonly TreeNode[] {
    return taskGroups.filter((group) => this.size(group) > 0).map((group) => this.#groupNode(group));
  }

  /** Tasks of a group in its order. */
  tasksOf(group: TaskGroup): readonly TreeNode[] {
    const tasks = [...(this.#members.get(group) ?? [])].map((id) => this.#tasks.get(id)).filter((task) => task !== undefined);
    return tasks.sort((a, b) => compareInGroup(group, a, b)).map((task) => this.taskNode(task.id));
  }

  size(group: TaskGroup): number {
    return this.#members.get(group)?.size ?? 0;
  }

  task(id: TaskId): Task | undefined {
    return this.#tasks.get(id);
  }

  /** The group that a task is shown in. */
  parentOf(node: TreeNode): TreeNode | undefined {
    const group = node.kind === "task" ? this.#places.get(node.taskId) : undefined;
    return group === undefined ? undefined : this.#groupNode(group);
  }

  /** Tasks that finishing this one would make ready. */
  unblockedBy(id: TaskId): readonly Task[] {
    return unblockedBy(id, this.#dependantsOf(id), (other) => this.#tasks.get(other));
  }

  /** Takes the newest rows of some tasks (undefined: gone). */
  update(changed: ReadonlyMap<TaskId, Task | undefined>, now: number): Repaint {
    const shownBefore = this.groups().length;
    const touched = new Set<TaskGroup>();
    const repainted = new Set<TreeNode>();
    for (const [id, task] of changed) {
      const before = this.#tasks.get(id);
      const from = this.#places.get(id);
      const to = this.#take(id, task, now);
      if (concernsDependants(before, task)) this.#addBlocked(id, repainted);
      const places = [from, to].filter((group) => group !== undefined);
      if (from !== to || (from !== undefined && mayReorder(from, before, task))) for (const group of places) touched.add(group);
      else if (to !== undefined) repainted.add(this.taskNode(id));
    }
    const appeared = [...touched].some((group) => this.size(group) === 0) || this.groups().length !== shownBefore;
    if (appeared) return "all";
    const groups = [...touched].map((group) => this.#groupNode(group));
    return [...groups, ...[...repainted].filter((node) => node.kind === "task" && !touched.has(this.#places.get(node.taskId) ?? "done"))];
  }

  /** When the next scheduled task becomes ready; undefined when none is scheduled. */
  nextWake(): number | undefined {
    const times = [...(this.#members.get("scheduled") ?? [])].map((id) => this.#tasks.get(id)?.notBefore ?? 0);
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
  }

  /** Scheduled tasks whose time has come. */
  dueBy(now: number): ReadonlyMap<TaskId, Task> {
    const scheduled = [...(this.#members.get("scheduled") ?? [])].map((id) => this.#tasks.get(id)).filter((task) => task !== undefined);
    return new Map(scheduled.filter((task) => (task.notBefore ?? 0) <= now).map((task) => [task.id, task]));
  }

  taskNode(id: TaskId): TreeNode {
    return this.#node(`task:${id}`, { kind: "task", taskId: id });
  }

  #groupNode(group: TaskGroup): TreeNode {
    return this.#node(`group:${group}`, { kind: "group", group });
  }

  #node(key: string, fresh: TreeNode): TreeNode {
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    this.#nodes.set(key, fresh);
    return fresh;
  }

  /** The group where the task stands now; undefined when it is gone. */
  #take(id: TaskId, task: Task | undefined, now: number): TaskGroup | undefined {
    if (task !== undefined) return this.#place(task, now);
    this.#forget(id);
    return undefined;
  }

  #place(task: Task, now: number): TaskGroup {
    const group = groupOf(task, now);
    const before = this.#places.get(task.id);
    if (before !== group && before !== undefined) this.#members.get(before)?.delete(task.id);
    this.#members.get(group)?.add(task.id);
    this.#places.set(task.id, group);
    this.#unlink(task.id);
    this.#tasks.set(task.id, task);
    for (const dependency of task.dependsOn) {
      const dependants = this.#dependants.get(dependency) ?? new Set();
      this.#dependants.set(dependency, dependants.add(task.id));
    }
    return group;
  }

  /** All that depend on it, in whatever state. */
  #dependantsOf(id: TaskId): readonly Task[] {
    return [...(this.#dependants.get(id) ?? [])].map((dependant) => this.#tasks.get(dependant)).filter((task) => task !== undefined);
  }

  /** The rows of those that it blocks tell how it stands. */
  #addBlocked(id: TaskId, nodes: Set<TreeNode>): void {
    for (const dependant of this.#dependantsOf(id)) if (dependant.status === "blocked") nodes.add(this.taskNode(dependant.id));
  }

  /** Forgets what a task depended on. */
  #unlink(id: TaskId): void {
    for (const dependency of this.#tasks.get(id)?.dependsOn ?? []) {
      const dependants = this.#dependants.get(dependency);
      dependants?.delete(id);
      if (dependants?.size === 0) this.#dependants.delete(dependency);
    }
  }

  #forget(id: TaskId): void {
    const group = this.#places.get(id);
    if (group !== undefined) this.#members.get(group)?.delete(id);
    this.#unlink(id);
    this.#places.delete(id);
    this.#tasks.delete(id);
    this.#nodes.delete(`task:${id}`);
  }
}

/** Whether the rows of those that it blocks look different now. */
function concernsDependants(before: Task | undefined, after: Task | undefined): boolean {
  return before?.status !== after?.status || before?.title !== after?.title;
}

/** Whether the new row may stand elsewhere in the same group. */
function mayReorder(group: TaskGroup, before: Task | undefined, after: Task | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  if (group === "ready" || group === "blocked") return before.priority !== after.priority || before.deadline !== after.deadline;
  if (group === "scheduled") return before.notBefore !== after.notBefore;
  return (group === "review" || group === "done" || group === "failed") && before.updatedAt !== after.updatedAt;
}
