import { type JsonMember, writeBytes, writeMember } from "./json";

/** Stands for a value; no other value holds it. */
const MARK = "\0";

/** What lies between two members whose width changes, with those in it whose width does not. */
interface Segment {
  readonly bytes: Uint8Array;
  /** The members of fixed width: where each begins in the bytes, and which of the values it has. */
  readonly fixed: readonly { readonly at: number; readonly value: number }[];
  /** Which of the values comes after the bytes; none after the last ones. */
  readonly next: number | undefined;
}

/**
 * The JSON of objects that are alike but for a few members. Everything else is encoded once: for an event of fifty members,
 * that is most of what `JSON.stringify` and UTF-8 cost.
 */
export class JsonTemplate {
  readonly #segments: readonly Segment[];

  /**
   * @param sample any of the objects.
   * @param changing the members, of the object itself, that change.
   * @param ofFixedWidth those of them that are as wide in every object as in the sample, in bytes of JSON.
   */
  constructor(sample: object, changing: readonly string[], ofFixedWidth: readonly string[] = []) {
    const members = Object.entries(sample);
    const marked = members.map(([name, value]) => [name, changing.includes(name) ? MARK : value]);
    const texts = JSON.stringify(Object.fromEntries(marked)).split(JSON.stringify(MARK));
    const values = members.filter(([name]) => changing.includes(name));
    this.#segments = segmentsOf(
      texts.map((text) => Buffer.from(text)),
      values.map(([name, value]) =>
        ofFixedWidth.includes(name) ? Buffer.from(JSON.stringify(value)) : undefined,
      ),
    );
  }

  /**
   * @param values of the members that change, in their order.
   * @returns where it ends.
   */
  write(memory: Buffer, at: number, values: readonly JsonMember[]): number {
    let end = at;
    // By index: an iterator for each of a handful of members is as dear as they are.
    for (let place = 0; place < this.#segments.length; place += 1) {
      const { bytes, fixed, next } = this.#segments[place] as Segment;
      const begin = end;
      end = writeBytes(memory, end, bytes);
      for (let member = 0; member < fixed.length; member += 1) {
        const { at: offset, value } = fixed[member] as Segment["fixed"][number];
        writeMember(memory, begin + offset, values[value] as JsonMember);
      }
      if (next !== undefined) end = writeMember(memory, end, values[next] as JsonMember);
    }
    return end;
  }
}

/** @param fixed of each value between two pieces: its bytes in the sample, where its width is fixed. */
function segmentsOf(pieces: Buffer[], fixed: (Buffer | undefined)[]): Segment[] {
  const segments: Segment[] = [];
  let bytes = pieces[0] ?? Buffer.alloc(0);
  let inBytes: { at: number; value: number }[] = [];
  for (const [value, known] of fixed.entries()) {
    const after = pieces[value + 1] ?? Buffer.alloc(0);
    if (known === undefined) {
      segments.push({ bytes, fixed: inBytes, next: value });
      [bytes, inBytes] = [after, []];
    } else {
      inBytes.push({ at: bytes.length, value });
      bytes = Buffer.concat([bytes, known, after]);
    }
  }
  return [...segments, { bytes, fixed: inBytes, next: undefined }];
}
