import { setLanguage } from "../../base/l10n.ts";
import { languageBlockId, parsePageLanguage } from "../../protocol/pageLanguage.ts";

const given = parsePageLanguage(document.getElementById(languageBlockId)?.textContent ?? "");
if (given !== undefined) setLanguage(given);
