/** Runs it as somebody whom file modes bind: for root they mean nothing. */
export async function asOrdinaryUser<T>(run: () => T | Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run();
  process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}
