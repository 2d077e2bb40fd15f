/** Looks for dangerous commands anywhere in a text that is not a shell script, or one that cannot be read. */

type Danger = readonly [why: string, pattern: RegExp];

/** Found in any text, also where it may only be quoted: nobody needs these by chance. */
const unmistakable: readonly Danger[] = [
  ["deletes your home folder, the root or what lies above the worktree", /\brm\s+(-\S+\s+)*-\S*r\S*\s+(-\S+\s+)*(~|\/|\$\{?HOME\}?|\.\.)\/?\*?(?=[\s;|&)]|$)/i],
  ["is a fork bomb", /:\(\)\s*\{.*\|.*&.*\}\s*;/],
  ["opens a connection from the shell itself", /\/dev\/(tcp|udp)\//],
];

const dangers: readonly Danger[] = [
  [
    "deletes folders",
    /\brm\s+(-\S+\s+)*-\S*r|\brm\s.*--recursive|\brmtree\b|\bremovedirs\b|\brmSync\b|\brimraf\b|\brm_rf\b|\bRemove-Item\b.*-Recurse|\brd\s+\/s|\brmdir\s+\/s|\bdel\s+\/\S*s/i,
  ],
  ["deletes what it finds", /\bfind\b.*\s-delete\b|\bfind\b.*-exec\s+\S*rm\b/],
  ["changes a remote repository", /\bgit\b.*\b(push|send-pack)\b|\bgit\b.*\bremote\s+(add|set-url|rename|remove|rm)\b/i],
  ["changes git's configuration", /\bgit\b.*\bconfig\b/i],
  ["deletes files that git does not know", /\bgit\b.*\bclean\b/i],
  [
    "runs what it downloads",
    /\b(curl|wget|fetch|iwr|irm|Invoke-WebRequest|urlopen|urlretrieve|DownloadString)\b[\s\S]*(\||<\(|\$\(|`|\bexec\b|\beval\b|\biex\b|\bsystem\b|\bsource\b|&&|;)[\s\S]*\b(ba|z|da|k|fi|c)?sh\b|\b(eval|source|iex|exec|system)\b[\s\S]*\b(curl|wget|fetch|irm|iwr|urlopen)\b|\b(curl|wget)\b[\s\S]*\|\s*\S*(python|perl|ruby|node|php)/i,
  ],
  [
    "runs what it decodes",
    /\b(base64|base32|xxd|openssl|b64decode|atob|fromCharCode|FromBase64String)\b[\s\S]*(\b(ba|z|da|k)?sh\b|\beval\b|\bexec\b|\bsystem\b|\biex\b)|\b(eval|exec)\b[\s\S]*\b(b64decode|atob|base64|fromCharCode)\b/i,
  ],
  ["runs with the rights of another user", /\b(sudo|doas|pkexec|runas|run0)\b|\bsu\s+(-|root)/i],
  ["runs a command that is put together while it runs", /\beval\b/],
  [
    "changes git's own files or the configuration of an editor or agent",
    /(^|[\s/"'=(>])\.(git|vscode|idea|cursor|claude|agents|husky|githooks|devcontainer|goosehints|envrc)(\/|\b)|\.github\/(workflows|actions)|\.code-workspace\b/i,
  ],
  ["writes outside the worktree", />>?\s*(~|\/(?!dev\/null|tmp\/)|\$\{?HOME|\.\.\/)/],
  ["changes the machine", /\b(mkfs|fdisk|shutdown|reboot|crontab|systemctl|launchctl)\b|\bdd\b.*\bof=/i],
];

/** Why a text is not to be run unasked; undefined when nothing was found. */
export function textDanger(text: string): string | undefined {
  return firstOf([...unmistakable, ...dangers], text);
}

/** The same for a text that is known to be harmless as far as it can be read. */
export function unmistakableDanger(text: string): string | undefined {
  return firstOf(unmistakable, text);
}

/** Code of another language may hold the words of a command apart: `["rm", "-rf", "/"]`. */
export function codeDanger(code: string): string | undefined {
  return textDanger(code) ?? textDanger(code.replaceAll(/[^A-Za-z0-9_~/.*$:<>|-]+/g, " "));
}

function firstOf(list: readonly Danger[], text: string): string | undefined {
  const plain = text
    .replaceAll(/\\\r?\n/g, " ")
    .replaceAll(/\$\{?IFS\}?(\$\d)?/g, " ")
    .replaceAll(/["'\\]/g, "")
    .replaceAll(/[\r\n\t ]+/g, " ");
  return list.find(([, pattern]) => pattern.test(plain) || pattern.test(text))?.[0];
}
