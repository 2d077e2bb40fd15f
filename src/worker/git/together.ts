/** Promise.all that waits for every promise, so that no git process is left running when one of them fails. */
export async function together<const T extends readonly unknown[]>(promises: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
