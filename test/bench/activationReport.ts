/** The extension to compare with. */
export const gitId = "vscode.git";

/** Environment by which the suite in the extension host is told what to do. */
export const activationEnv = { extension: "TM_BENCH_EXTENSION", reports: "TM_BENCH_REPORTS" } as const;

/** What one activation cost. */
export interface ExtensionActivation {
  /** From the call of activate() until it was over, as another extension sees it. */
  readonly totalMs: number;
  /** VS Code's own marks inside of it. */
  readonly loadMs: number;
  readonly activateMs: number;
  /** How long the thread of the extension host was busy in the second that began with the activation. */
  readonly busyMs: number;
  /** Command lines of the processes that the extension's own code started in that second. */
  readonly processes: readonly string[];
  /** Those that somebody else started in the same extension host meanwhile, VS Code for instance. */
  readonly foreignProcesses: readonly string[];
  readonly threads: number;
}

/** What one window found. */
export interface ActivationReport {
  /** Id of the extension that was activated first. */
  readonly first: string;
  readonly extensions: Readonly<Record<string, ExtensionActivation>>;
}
