/** Drawings of 16 by 16; the words beside them carry the meaning. */
export const iconPaths = {
  running: "M8 2a6 6 0 1 0 6 6h-1.5A4.5 4.5 0 1 1 8 3.5z",
  done: "M6.4 12.3 2.6 8.5l1.1-1.1 2.7 2.8 6-6.1 1.1 1.1z",
  failed: "m4.1 3 3.9 3.9L11.9 3 13 4.1 9.1 8l3.9 3.9-1.1 1.1L8 9.1 4.1 13 3 11.9 6.9 8 3 4.1z",
  paused: "M4 3h3v10H4zM9 3h3v10H9z",
  stopped: "M3.5 3.5h9v9h-9z",
  cancelled: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM3 8a5 5 0 0 1 8-4L4 11a5 5 0 0 1-1-3zm5 5a5 5 0 0 1-3-1l7-7a5 5 0 0 1-4 8z",
  waiting: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 13A5 5 0 1 1 8 3a5 5 0 0 1 0 10z",
  blocked: "M5 7V5a3 3 0 0 1 6 0v2h1.5v7h-9V7zm1.5 0h3V5a1.5 1.5 0 0 0-3 0z",
  attention: "M7.2 2h1.6v8H7.2zM7 12h2v2H7z",
  info: "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
} as const;
/** The name of a drawing. */
export type IconName = keyof typeof iconPaths;
