/** Commands whose effect stays beyond the worktree: what is installed for all of it, settings of programs. */
import type { Rule } from "./commandScene.ts";

const installs = "installs something outside the worktree";
const manager = "changes the configuration of the package manager";
const manifest = "changes package.json's scripts or settings";
const settings = "changes settings that hold outside the worktree";
const machine = "changes the machine";
const others = "deletes what may belong to others";

/** What a command must say: its words without options, one of the options, none of these options. */
type Lasting = readonly [programs: string, why: string, words: RegExp, option?: RegExp | undefined, unless?: RegExp];

const anything = /^/;

const table: readonly Lasting[] = [
  ["npm pnpm yarn bun", manifest, /^(pkg (set|delete)|set-script)( |$)/],
  ["npm pnpm yarn bun", manager, /^(config|c) (set|delete|unset|rm|edit)( |$)/],
  ["npm pnpm", manager, /^set( |$)/],
  ["npm pnpm yarn bun", installs, /^(link|ln)($| \.{0,2}\/| \.\.?$)/],
  ["pnpm", installs, /^setup$/],
  ["pip", installs, /^install( |$)/, /^--user$/],
  ["pip", manager, /^config (set|unset|edit)( |$)/],
  ["conda mamba", manager, /^config/, /^--(add|append|prepend|set|remove)/],
  ["poetry", manager, /^config \S+ \S/, undefined, /^--local$/],
  ["poetry", manager, /^config /, /^--unset$/, /^--local$/],
  ["bundle", manager, /^config /, /^--global$/],
  ["composer", manager, /^config /, /^(-g|--global)$/],
  ["composer", installs, /^global (require|update|remove|install)( |$)/],
  ["gem", manager, /^sources/, /^(-a|-r|--add|--remove)$/],
  ["gem", installs, /^(install|update|uninstall)( |$)/, undefined, /^(-i|--install-dir)/],
  ["go", settings, /^env/, /^-[wu]$/],
  ["go", installs, /^install( |$)/],
  ["cargo", installs, /^(install|uninstall)( |$)/, undefined, /^--root/],
  ["pipx", installs, /^(install|inject|upgrade|uninstall|reinstall|ensurepath)/],
  ["uv", installs, /^(tool|python) (install|upgrade|uninstall|update-shell)( |$)/],
  ["dotnet", installs, /^tool (install|update|uninstall)/, /^(-g|--global)$/],
  ["dotnet", installs, /^workload (install|update|uninstall|restore)/],
  ["dotnet", manager, /^nuget (add|remove|update|enable|disable)/],
  ["dart flutter", installs, /^pub global (activate|deactivate)/],
  ["flutter", settings, /^config/, /^--(?!list)/],
  ["brew", installs, /^(install|reinstall|uninstall|upgrade|tap|untap|link|unlink|services (start|stop|restart|run))( |$)/],
  ["rustup", installs, /^(default|update|set|override|self|install|uninstall|(toolchain|target|component) (add|install|remove|uninstall|link))( |$)/],
  ["corepack", installs, /^(enable|disable|prepare|install)/],
  ["volta fnm nvm asdf mise pyenv rbenv nodenv sdk", installs, /^(install|uninstall|default|alias|global|plugin)( |$)/],
  ["mise", installs, /^use( |$)/, /^(-g|--global)$/],
  [
    "apt apt-get aptitude dnf yum zypper apk snap flatpak port choco scoop winget",
    machine,
    /^(install|reinstall|remove|purge|autoremove|add|del|(dist-|full-)?upgrade)( |$)/,
  ],
  ["pacman yay", machine, anything, /^-[SRU]|^--(sync|remove|upgrade)$/],
  ["mkcert", machine, anything, /^-(un)?install$/],
  ["aws", settings, /^configure( set| sso| import|$)/],
  ["gcloud", settings, /^config (set|unset)/],
  ["kubectl", settings, /^config (use|set|unset|delete|rename)/],
  ["az", settings, /^(account|config|cloud|defaults) (set|unset|clear)/],
  ["docker podman nerdctl", settings, /^context (use|create|update|rm|import)/],
  ["docker podman nerdctl", others, /^((system|volume|image|container|network|builder) prune|volume rm)( |$)/],
  ["helm", settings, /^repo (add|remove)/],
  ["direnv", settings, /^(allow|permit|grant)/],
  ["defaults", settings, /^(write|delete|import)/],
  ["gsettings", settings, /^(set|reset|reset-recursively)( |$)/],
  ["dconf", settings, /^(write|reset|load)/],
  ["xdg-mime xdg-settings", settings, /^(default|set|install|uninstall)/],
  ["pm2", settings, /^(save|startup|unstartup|set)/],
  ["code code-insiders codium cursor windsurf", settings, anything, /^--(un)?install-extension/],
  ["gpg gpg2", settings, anything, /^--(import|(quick|full)-gen.*|gen(erate)?-key|delete-.*|edit-key|recv-keys|receive-keys)$/],
  ["ssh-keygen", settings, anything, undefined, /^-[a-zA-Z]*[flyYHQ]/],
  ["ssh-add", settings, anything, undefined, /^-[lL]$/],
];

/** Options in front of a verb whose value would be taken for it. */
const valued = /^(-C|--prefix|--dir|--cwd|-w|--workspace|--filter|-F)$/;

export const lastingDanger: Rule = (operands, _scene, program) => {
  const names = [program, program.replace(/[\d.]+$/, "")];
  const words = operands.filter((operand, index) => !operand.startsWith("-") && !valued.test(operands[index - 1] ?? "")).join(" ");
  const has = (pattern: RegExp): boolean => operands.some((operand) => pattern.test(operand));
  return table.find(
    ([programs, , said, option, unless]) =>
      programs.split(" ").some((each) => names.includes(each)) &&
      said.test(words) &&
      (option === undefined || has(option)) &&
      (unless === undefined || !has(unless)),
  )?.[1];
};
