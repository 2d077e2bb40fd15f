/** Names that the manifest (package.json) and the code must share; a test compares them. */
export const extensionName = "task-master-goose";
export const viewContainerId = "taskMasterGoose";
export const treeViewId = "taskMaster.tasks";
export const runViewType = "taskMaster.run";

/** Palette and menu commands. */
export const commandIds = {
  runNextTask: "taskMaster.runNextTask",
  runAllTasks: "taskMaster.runAllTasks",
  addTask: "taskMaster.addTask",
  runTask: "taskMaster.runTask",
  pauseTask: "taskMaster.pauseTask",
  resumeTask: "taskMaster.resumeTask",
  stopTask: "taskMaster.stopTask",
  cancelTask: "taskMaster.cancelTask",
  retryTask: "taskMaster.retryTask",
  openRun: "taskMaster.openRun",
  showLog: "taskMaster.showLog",
} as const;

/** Context keys that menus and welcome views ask for. */
export const contextKeys = {
  /** uninitialized | initializing | active | failed | noFolder | untrusted */
  state: "taskMaster.state",
  hasTasks: "taskMaster.hasTasks",
  hasRunningTask: "taskMaster.hasRunningTask",
} as const;
