/** Writes the English bundle from the sources and says what the translations lack: `npm run l10n`. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { englishBundle, keysFor } from "./bundle.ts";
import { findMessages } from "./messages.ts";

const folder = join(import.meta.dirname, "../../media/l10n");
const messages = findMessages();
for (const place of messages.unreadable) console.error(`The text of a call of t is not written out in ${place}`);
writeFileSync(join(folder, "bundle.l10n.json"), englishBundle(messages));
for (const path of globSync(join(folder, "bundle.l10n.*.json"))) {
  const language = basename(path).split(".")[2] ?? "";
  const bundle = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  const wanted = keysFor(language, messages);
  for (const key of wanted) if (!(key in bundle)) console.log(`${basename(path)} lacks ${JSON.stringify(key)}`);
  for (const key of Object.keys(bundle)) if (!wanted.includes(key)) console.log(`${basename(path)} has ${JSON.stringify(key)}, which nothing asks for`);
}
