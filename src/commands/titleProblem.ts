/** Longest title; the engine has the same limit. */
export const maxTitleLength = 200;

/** What is wrong with a title that the user types; undefined when nothing is. */
export function titleProblem(raw: string): string | undefined {
  const title = raw.trim();
  if (title === "") return "Say in a line what is to be done.";
  if (title.length > maxTitleLength) return `The title has ${title.length} characters; at most ${maxTitleLength} are possible. Details come next.`;
  return /\p{Cc}/u.test(title) ? "The title holds a line break or a control character. Details come next." : undefined;
}
