import type { Language } from "../base/l10n.ts";
import { languageBlockId } from "../protocol/pageLanguage.ts";

/** Addresses for the page of a run view, as the webview sees them. */
export interface RunPage {
  readonly cspSource: string;
  readonly nonce: string;
  readonly scriptUri: string;
  readonly styleUri: string;
  /** The language of its texts; English when absent. */
  readonly language?: Language;
}

/** The page of a run view: nothing is allowed but our one script and our one style sheet; all content comes later as messages. */
export function runHtml({ cspSource, nonce, scriptUri, styleUri, language }: RunPage): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${cspSource}; img-src ${cspSource}; font-src ${cspSource}`;
  return `<!DOCTYPE html>
<html lang="${escapeAttribute(language?.language ?? "en")}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeAttribute(styleUri)}">
<title>Run</title>
</head>
<body>${languageBlock(language)}
<script nonce="${escapeAttribute(nonce)}" src="${escapeAttribute(scriptUri)}"></script>
</body>
</html>`;
}

/** Data, which no policy has to allow; nothing in it can end the block. */
function languageBlock(language: Language | undefined): string {
  return language === undefined
    ? ""
    : `\n<script type="application/json" id="${languageBlockId}">${JSON.stringify(language).replaceAll("<", "\\u003c")}</script>`;
}

/** A value that no other page can guess. */
export function makeNonce(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
