/** Programs by what they can do, as far as the approval of commands tells them apart. Names are lower case. */
const names = (text: string): ReadonlySet<string> => new Set(text.split(" "));

export const shells = names("sh bash zsh dash ksh mksh ash fish csh tcsh rbash");

/** They run another command that stands behind them. */
export const wrappers = names(
  "env nice ionice nohup time timeout gtimeout stdbuf setsid chrt taskset unbuffer command builtin exec caffeinate watch flock strace ltrace busybox toybox xvfb-run script chroot unshare nsenter proot fakeroot faketime catchsegv xargs parallel rush entr",
);

/** They take further operands from what comes in through the pipe. */
export const feeders = names("xargs parallel rush");

export const privileged = names("sudo doas su pkexec run0 runuser runas gsudo sudoedit visudo");

/** Programs that run code, with the options behind which it stands. */
export const interpreters: ReadonlyMap<string, RegExp> = new Map([
  ["python", /^-[A-Za-z]*c$/],
  ["pypy", /^-[A-Za-z]*c$/],
  ["perl", /^-[A-Za-z0]*[eE]$/],
  ["ruby", /^-[A-Za-z]*e$/],
  ["node", /^(-[a-z]*[ep]|--eval|--print|-pe)$/],
  ["nodejs", /^(-[a-z]*[ep]|--eval|--print)$/],
  ["deno", /^eval$/],
  ["bun", /^(-e|--eval|-p)$/],
  ["php", /^-[A-Za-z]*[rBRE]$/],
  ["lua", /^-e$/],
  ["osascript", /^-e$/],
  ["pwsh", /^-(c|command|e|ec|enc|encodedcommand)$/i],
  ["powershell", /^-(c|command|e|ec|enc|encodedcommand)$/i],
  ["rscript", /^-e$/],
  ["tclsh", /^-c$/],
  ["expect", /^-c$/],
  ["cmd", /^\/[ck]$/i],
]);

export const fetchers = names("curl wget fetch http https xh aria2c axel lynx w3m links elinks nc ncat netcat socat ftp lftp tftp scp iwr irm");

/** They make a readable text of one that is not. */
export const decoders = names("base64 base32 basenc xxd openssl gunzip gzip zcat bunzip2 bzcat xz xzcat zstd zstdcat uudecode rev tr od hexdump gpg");

/** They change or delete every operand. */
export const writersOfAll = names(
  "rm rmdir unlink shred srm trash touch mkdir truncate tee sponge mkfifo mknod chmod chown chgrp chattr chflags setfacl mv link symlink ed ex rename patch del erase rd ri remove-item",
);

/** They write to their last operand. */
export const writersOfLast = names("cp install rsync ditto xcopy robocopy copy");

export const deleters = names("rm rmdir unlink shred srm trash del erase rd ri remove-item rimraf del-cli");

/** They change the machine or what runs on it later. */
export const machineChangers = names(
  "crontab at batch systemctl launchctl service schtasks reg chsh passwd useradd userdel usermod iptables ip6tables nft ufw mount umount modprobe insmod rmmod sysctl shutdown reboot halt poweroff telinit fdisk sfdisk parted wipefs diskutil format nvram dscl visudo update-rc.d swapoff loginctl",
);

export const remoteShells = names("ssh ssh-copy-id scp sftp mosh telnet rsh rlogin");

/** Programs that make something public or change what others see, with the words that do so. */
export const publishers: ReadonlyMap<string, RegExp> = new Map([
  ...["npm", "pnpm", "yarn", "bun", "lerna", "nx"].map((name) => [name, /^(publish|unpublish|deprecate|dist-tag|owner|access|login|adduser|token)$/] as const),
  ["cargo", /^(publish|yank|owner|login)$/],
  ["twine", /^upload$/],
  ["poetry", /^publish$/],
  ["uv", /^publish$/],
  ["gem", /^(push|yank|owner)$/],
  ["mvn", /^deploy$/],
  ["docker", /^(push|login)$/],
  ["podman", /^(push|login)$/],
  [
    "gh",
    /^(create|merge|delete|edit|close|reopen|comment|review|ready|upload|api|sync|fork|archive|rename|transfer|run|set|push|auth|alias|extension|revert|lock)$/,
  ],
  ["glab", /^(create|merge|delete|edit|close|reopen|note|api|push|auth|alias|set|fork)$/],
  ["hub", /^(push|pull-request|create|delete|fork|release|api)$/],
  ["vsce", /^(publish|unpublish|login)$/],
  ["kubectl", /^(apply|delete|create|replace|patch|scale|exec|edit|drain|rollout|run|cp|label|annotate|set)$/],
  ["helm", /^(install|upgrade|uninstall|rollback|push)$/],
  ["terraform", /^(apply|destroy|import|state)$/],
  ["pulumi", /^(up|destroy|import)$/],
  ["aws", /^(rm|cp|mv|sync|delete.*|create.*|put.*|update.*|terminate.*|run.*)$/],
  ["gcloud", /^(deploy|delete|create|update|ssh)$/],
  ["fly", /^(deploy|destroy|ssh)$/],
  ["vercel", /^(deploy|--prod|rm|remove)$/],
  ["heroku", /^(run|create|destroy|.*:.*)$/],
]);

/** Variables through which a program is made to run another one. */
export const runningVariables =
  /^(GIT_(SSH|SSH_COMMAND|EXTERNAL_DIFF|EDITOR|SEQUENCE_EDITOR|PAGER|PROXY_COMMAND|ASKPASS|EXEC_PATH|TEMPLATE_DIR|CONFIG.*|DIR|WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY)|SSH_ASKPASS|VISUAL|EDITOR|PAGER|MANPAGER|LESSOPEN|LESSCLOSE|BASH_ENV|ENV|PROMPT_COMMAND|SHELLOPTS|LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH|DYLD_.*|PERL5OPT|PERL5DB|RUBYOPT|PYTHONSTARTUP|BROWSER)$/;

/** What these variables may be set to without a question. */
export const harmlessValues = /^(|cat|true|:|less|more|vi|vim|nano|\/bin\/true|\/bin\/cat|0|1)$/;
