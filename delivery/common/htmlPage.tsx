import { createHash } from "node:crypto";
import type { ComponentChildren } from "preact";
import { renderToString } from "preact-render-to-string";

/**
 * A self-contained page. Neither the style sheet nor the script may contain a character that HTML escapes (`"`, `&`, `<`),
 * because browsers don't unescape these elements.
 */
export interface HtmlPage {
  title: string;
  styles: string;
  script?: string;
  /** Content of the body. The renderer escapes every value. */
  children: ComponentChildren;
}

/** Renders a page. Its content security policy allows only its script and its style sheet, by hash. */
export function renderPage({ title, styles, script, children }: HtmlPage): string {
  const policy = [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
    `style-src '${hashOf(styles)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        {/* The empty icon keeps browsers from requesting one from a server. */}
        <link rel="icon" href="data:," />
        <title>{title}</title>
        <style>{styles}</style>
      </head>
      <body>
        {children}
        {script === undefined ? null : <script>{script}</script>}
      </body>
    </html>
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}

function hashOf(content: string): string {
  return `sha256-${createHash("sha256").update(content).digest("base64")}`;
}
