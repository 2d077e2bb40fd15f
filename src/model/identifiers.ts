/** Names that the manifest (package.json) and the code must share; a test compares them. */
export const extensionName = "task-master-goose";
export const viewContainerId = "taskMasterGoose";
export const treeViewId = "taskMaster.tasks";
export const runViewType = "taskMaster.run";
export const statusBarItemId = "taskMaster.status";

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
  startTask: "taskMaster.startTask",
  retryTask: "taskMaster.retryTask",
  removeTask: "taskMaster.removeTask",
  sendMessage: "taskMaster.sendMessage",
  editDependencies: "taskMaster.editDependencies",
  retryDependency: "taskMaster.retryDependency",
  dropDependency: "taskMaster.dropDependency",
  allowOnce: "taskMaster.allowOnce",
  rejectStep: "taskMaster.rejectStep",
  answerQuestion: "taskMaster.answerQuestion",
  resumeQueue: "taskMaster.resumeQueue",
  openRun: "taskMaster.openRun",
  setUpProvider: "taskMaster.setUpProvider",
  checkSetup: "taskMaster.checkSetup",
  tryDemo: "taskMaster.tryDemo",
  copyDiagnostics: "taskMaster.copyDiagnostics",
  showLog: "taskMaster.showLog",
} as const;

/** Registered but not in the manifest: what a click on the status bar item does. */
export const showActionsCommandId = "taskMaster.showActions";

/** Context keys that menus and welcome views ask for. */
export const contextKeys = {
  /** uninitialized | initializing | active | failed | noFolder */
  state: "taskMaster.state",
  /** Known only when the tasks have been read: unset is not false. */
  isQueueEmpty: "taskMaster.isQueueEmpty",
  hasRunningTask: "taskMaster.hasRunningTask",
  hasRepository: "taskMaster.hasRepository",
  /** The opposite, once it is known. */
  isOutsideRepository: "taskMaster.isOutsideRepository",
  /** What the last look at the set-up found. */
  isGooseReady: "taskMaster.isGooseReady",
  isProviderReady: "taskMaster.isProviderReady",
  /** The queue has stopped by itself, or an agent waits for a usage limit. */
  isQueueHeld: "taskMaster.isQueueHeld",
} as const;

/** Settings of the manifest, each with the name that the engine knows it by. */
export const settingNames = {
  "taskMaster.goose.path": "goosePath",
  "taskMaster.goose.provider": "provider",
  "taskMaster.workerPool.size": "poolSize",
  "taskMaster.git.branchPrefix": "branchPrefix",
  "taskMaster.git.author": "gitAuthor",
  "taskMaster.git.pushRemote": "pushRemote",
  "taskMaster.maxAttempts": "maxAttempts",
  "taskMaster.maxTurns": "maxTurns",
  "taskMaster.wallClockMinutes": "wallClockMinutes",
  "taskMaster.idleMinutes": "idleMinutes",
  "taskMaster.stallMinutes": "stallMinutes",
  "taskMaster.budget.task": "budgetTask",
  "taskMaster.budget.day": "budgetDay",
  "taskMaster.budget.queue": "budgetQueue",
  "taskMaster.budget.whenReached": "budgetReached",
  "taskMaster.gracefulShutdownMsTimeout": "gracefulShutdownMsTimeout",
  "taskMaster.afterInterruption": "afterInterruption",
  "taskMaster.retentionDays": "retentionDays",
  "taskMaster.approvals.mode": "approvalsMode",
  "taskMaster.approvals.timeoutMinutes": "approvalsTimeoutMinutes",
} as const;

/** The folder of a queue's backups, beside its database. */
export const backupDirectory = "backups";

/** The name of a backup, by the number of the newest journal entry in it. */
export function backupName(lastEventId: number): string {
  return `queue-${lastEventId}.db`;
}

/** Whether a file in the folder of backups is one; half-made ones have other names. */
export function isBackupName(name: string): boolean {
  return /^queue-\d+\.db$/.test(name);
}
