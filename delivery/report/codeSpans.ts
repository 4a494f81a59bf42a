/** A piece of a text: plain words, or what stood between two backticks. */
export interface TextPiece {
  isCode: boolean;
  text: string;
}

/** Findings name commands between single backticks, as in Markdown; one without a partner stands for itself. */
export function codeSpans(text: string): TextPiece[] {
  return text
    .split(/(`[^`\n]+`)/)
    .filter((piece) => piece !== "")
    .map((piece) =>
      /^`[^`\n]+`$/.test(piece) ? { isCode: true, text: piece.slice(1, -1) } : { isCode: false, text: piece },
    );
}
