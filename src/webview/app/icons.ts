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
  read: "M3 2h7l3 3v9H3zm1.5 1.5v9h7V6H9V3.5zM6 8h4v1H6zm0 2h4v1H6z",
  edit: "m11.5 1.5 3 3-8.6 8.6-3.9.9.9-3.9zM4.3 10.8l-.4 1.3 1.3-.4 7.2-7.2-.9-.9z",
  delete: "M6 2h4v1h3v1.5H3V3h3zM4 5.5h8l-.6 8.5H4.6zm1.6 1.5.4 5.5h4l.4-5.5z",
  move: "M9 3.5 13.5 8 9 12.5l-1-1L10.7 8.8H2.5V7.2h8.2L8 4.5z",
  search: "M7 2a5 5 0 0 1 4 8l3.2 3.2-1 1L10 11a5 5 0 1 1-3-9zm0 1.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  execute: "M2 3h12v10H2zm1.5 1.5v7h9v-7zM4.6 6l1-.8L8 7.6 5.6 10l-1-.8 1.6-1.6zM8 9.5h3v1H8z",
  think: "M8 1.5a4.5 4.5 0 0 0-2.5 8.2V11h5V9.7A4.5 4.5 0 0 0 8 1.5zM5.8 12h4.4v1H5.8zm.9 1.7h2.6v.8H6.7z",
  fetch: "M7.2 2h1.6v6.2l2-2 1.1 1.1L8 11.2 4.1 7.3l1.1-1.1 2 2zM3 12.5h10V14H3z",
  other: "M10.5 2a3.5 3.5 0 0 0-3.3 4.6L2 11.8 4.2 14l5.2-5.2A3.5 3.5 0 0 0 13.8 4.3l-2 2-2-.6-.6-2 2-2a3.5 3.5 0 0 0-.7.3z",
  copy: "M5 2h8v9h-2v3H3V5h2zm1.3 1.3V5H11v4.7h.7V3.3zM4.3 6.3v6.4h5.4V6.3z",
  collapse: "m8 6.4 3.4 3.4 1-1L8 4.4 3.6 8.8l1 1zM3 12h10v1.3H3z",
  expand: "m8 9.6 3.4-3.4 1 1L8 11.6 3.6 7.2l1-1zM3 2.7h10V4H3z",
  up: "m8 5 5 5-1 1-4-4-4 4-1-1z",
  down: "m8 11 5-5-1-1-4 4-4-4-1 1z",
} as const;
/** The name of a drawing. */
export type IconName = keyof typeof iconPaths;
