import { codeSpans } from "../codeSpans";

/** A sentence of the report, its commands set as such. */
export function Prose({ text }: { text: string }) {
  return (
    <>
      {codeSpans(text).map((piece, index) =>
        piece.isCode ? <code key={index}>{piece.text}</code> : piece.text,
      )}
    </>
  );
}
