/** What --help prints. */
export const helpText = `task-master-goose: a durable work queue for this repository, worked by Goose.

Usage: task-master-goose VERB [ARGUMENTS] [FLAGS]

  add TITLE            put a task into the queue
      --prompt TEXT|-    what Goose is told (the title when absent); "-" reads standard input
      --priority P       critical, high, medium (default) or low
      --deadline ISO     2026-12-24 (the end of that day) or 2026-12-24T18:00
      --depends ID       start only when that task is done; may be repeated
      --tag TAG          may be repeated
      --accept COMMAND   must exit 0 before the work counts; may be repeated
      --budget LIMITS    what it may use: turns=50,minutes=30,tokens=200000,costUsd=2 (any of them)
      --attempts N       tries, for failures that may pass (default 3)
  list                 all tasks
  show ID              one task with its attempts, what blocks it and what it would unblock
  run [--next]         run the most urgent ready task
  run --all            run until no task is ready
      --concurrency N    tasks at once (default 2)
      --tag TAG          with --next and --all: only tasks with this tag; may be repeated, then with all of them
      --min-priority P   ... only tasks at least so urgent
      --max-priority P   ... only tasks at most so urgent
  run ID...            run these, one after the other
      --max-turns N      for every run and resume: turns with the model per attempt (default 100)
      --max-minutes N    length of an attempt, pauses not counted (default 60)
      --idle-minutes N   an attempt without any sign of life ends after this (default 10)
      --push REMOTE      push the branches of finished tasks there, never by force
      --approvals MODE   what Goose may do unasked: autonomous (default), ask-writes, ask-all or read-only
      --answer-minutes N a question that nobody answers for so long is answered with no (default: it waits)
  pause|resume ID      hold a task and keep its place; go on
  resume --queue       start tasks again after the queue has stopped by itself; agents at a usage limit try at once
  stop ID              end the attempt; the work stays on its branch
  cancel ID            give the task up
  start ID             put a stopped task back into the queue; it goes on with the work that was kept
  retry ID             put a stopped, failed or cancelled task back into the queue
  say ID TEXT|-        say something to Goose: heard at its next step, with the next run, or as a follow-up of a task that has ended
  answer ID allow|always|reject
                       decide on the step that a task waits with (see show); always: for the whole task
      --note TEXT        with reject: what Goose is told
  depends ID           change what a task waits for
      --on ID            that one too; may be repeated
      --drop ID          that one no more; may be repeated
  remove ID            delete a task; its branch stays, what depends on it stays blocked
  logs ID [-f]         what happened; -f follows until the task ends
  doctor               check Node, git, the repository, Goose and its provider
  help, --help, --version

An ID may be any unique beginning of it.

  -C, --cwd DIR        the repository's folder (default: the current one)
      --json           one JSON object per line on stdout; logs go to stderr
      --data-dir DIR   where queues are kept
      --goose PATH     the goose program
      --color WHEN     auto, always or never (NO_COLOR is honoured)
  -v, --verbose        more detail; -vv for debugging

Exit codes: 0 ok or nothing to do, 1 a task did not end done, 2 usage, 3 the set-up is incomplete (see doctor), 130 Ctrl-C, 143 terminated.
Ctrl-C keeps the place of running tasks (resume them later); a second one quits at once.
`;
