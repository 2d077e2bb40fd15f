import { env, l10n } from "vscode";
import { setLanguage, type Language } from "../base/l10n.ts";

/** The language of all texts. VS Code has read its bundle when it loads the extension; without one everything is English, plurals too. */
export const language: Language | undefined = l10n.bundle === undefined ? undefined : { language: env.language, bundle: l10n.bundle };

if (language !== undefined) setLanguage(language);
