/**
 * What children may see of our environment: allow-lists, so that a variable nobody thought of stays here. Goose gets
 * what it needs to reach its provider; a shell that works for the agent gets tool chains, and never a secret.
 */
import { mayBeSecret } from "../../model/secrets.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** Name of the variable that every process of one run carries, so that those which left their group can be found. */
export const markerName = "TASK_MASTER_RUN";

type Source = Readonly<Record<string, string | undefined>>;

const everybody = [
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TERM|COLORTERM|TMPDIR|TMP|TEMP|HOSTNAME)$/i,
  /^(LC|XDG)_\w+$/i,
  /^(HTTPS?|ALL|NO|FTP)_PROXY$/i,
  /^(SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NIX_SSL_CERT_FILE)$/i,
  // Windows cannot start most programs without these.
  /^(SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE|USERNAME|USERDOMAIN|HOMEDRIVE|HOMEPATH)$/i,
  /^(PROGRAMDATA|PROGRAMFILES(\(X86\))?|PROGRAMW6432|COMMONPROGRAMFILES|OS|NUMBER_OF_PROCESSORS|PROCESSOR_\w+|PSMODULEPATH)$/i,
  // Set by our own host so that it can recognise processes that were left behind.
  /^TASK_MASTER_\w+$/,
];

const toolchains = [
  /^(JAVA_HOME|JDK_HOME|M2_HOME|MAVEN_(HOME|OPTS)|GRADLE_(HOME|USER_HOME|OPTS)|SDKMAN_DIR|ANDROID_(HOME|SDK_ROOT|NDK_HOME)|KOTLIN_HOME)$/,
  /^(GOPATH|GOROOT|GOBIN|GOCACHE|GOMODCACHE|GOFLAGS|GOPRIVATE|GOTOOLCHAIN|CARGO_HOME|RUSTUP_(HOME|TOOLCHAIN)|RUSTFLAGS)$/,
  /^(NVM_(DIR|BIN|INC)|VOLTA_HOME|FNM_(DIR|MULTISHELL_PATH)|N_PREFIX|PNPM_HOME|BUN_INSTALL|DENO_(DIR|INSTALL)|COREPACK_HOME)$/,
  /^(npm_config_(registry|cache|prefix)|PLAYWRIGHT_BROWSERS_PATH|PUPPETEER_EXECUTABLE_PATH)$/i,
  /^(PYENV_ROOT|VIRTUAL_ENV|CONDA_(PREFIX|DEFAULT_ENV|EXE)|PYTHONPATH|PIPX_HOME|POETRY_HOME|UV_CACHE_DIR)$/,
  /^(RBENV_ROOT|GEM_(HOME|PATH)|BUNDLE_PATH|ASDF_(DIR|DATA_DIR)|MISE_DATA_DIR|PERL5LIB|COMPOSER_HOME|DOTNET_ROOT|NUGET_PACKAGES)$/,
  /^(HOMEBREW_(PREFIX|CELLAR|REPOSITORY)|NIX_(PATH|PROFILES)|PKG_CONFIG_PATH|CC|CXX|CFLAGS|CXXFLAGS|LDFLAGS|MAKEFLAGS|CMAKE_PREFIX_PATH|CI)$/,
];

/** What Goose itself reads: its settings, the providers' settings and keys, and the way to the system's keyring. */
const gooseReads = [
  /^(GOOSE|OPENAI|ANTHROPIC|GOOGLE|GEMINI|GCP|VERTEX|AZURE|AWS|BEDROCK|SAGEMAKER|DATABRICKS|OLLAMA|OPENROUTER|GROQ|XAI)_\w+$/,
  /^(MISTRAL|DEEPSEEK|LITELLM|SNOWFLAKE|GITHUB_COPILOT|HF|HUGGINGFACE|LMSTUDIO|MOONSHOT|KIMI|NVIDIA|CEREBRAS|INCEPTION|TANZU_AI)_\w+$/,
  /^(ZAI|VENICE|TETRATE|AVIAN|DASHSCOPE|CHATGPT|CODEX|CLAUDE|CURSOR_AGENT|COPILOT|OTEL|LANGFUSE|CONTEXT|EDIT_MODE|SECURITY_PROMPT)_\w+$/,
  /^\w+_API_KEY$/,
  /^(DBUS_SESSION_BUS_ADDRESS|SECURITYSESSIONID|__CF_USER_TEXT_ENCODING)$/,
];

/** Never handed on, whatever a list says: they steer Node, VS Code or make Goose print backtraces. */
const nobody = /^(VSCODE_\w*|ELECTRON_\w*|NODE_OPTIONS|NODE_PATH|RUST_BACKTRACE|LD_PRELOAD|DYLD_\w*)$/i;

/** The environment of the Goose process: base, tool chains (for its own extensions) and everything Goose reads. */
export function gooseEnvironment(source: Source): Record<string, string> {
  return select(source, (name) => matches([...everybody, ...toolchains, ...gooseReads], name));
}

/** The same for a Goose whose provider was chosen here: nothing of the user's own configuration of Goose, and no secret. */
export function managedGooseEnvironment(source: Source): Record<string, string> {
  return select(source, (name) => matches([...everybody, ...toolchains], name) && !mayBeSecret(name));
}

/** The environment of commands that run for the agent or as acceptance checks: no key, token or secret, nothing of Goose's. */
export function shellEnvironment(source: Source): Record<string, string> {
  const selected = select(source, (name) => matches([...everybody, ...toolchains], name) && !mayBeSecret(name));
  // There is no terminal on which git could ask.
  return { ...selected, GIT_TERMINAL_PROMPT: "0" };
}

/** Shells set these themselves, so they tell nothing about where an environment came from. */
const setByShells = /^(PWD|OLDPWD|SHLVL|_)$/;

/** The entries (NAME=value) of an environment that neither Goose nor a command gets: who has one of them has it from elsewhere. */
export function withheldVariables(source: Source): ReadonlySet<string> {
  const given = { ...gooseEnvironment(source), ...shellEnvironment(source) };
  const entries = Object.entries(source).filter(([name, value]) => value !== undefined && !(name in given) && !setByShells.test(name));
  return new Set(entries.map(([name, value]) => `${name}=${value}`));
}

function select(source: Source, isWanted: (name: string) => boolean): Record<string, string> {
  const wanted = Object.entries(source).filter((entry): entry is [string, string] => entry[1] !== undefined && !nobody.test(entry[0]) && isWanted(entry[0]));
  return Object.fromEntries(wanted);
}

function matches(patterns: readonly RegExp[], name: string): boolean {
  return patterns.some((pattern) => pattern.test(name));
}
