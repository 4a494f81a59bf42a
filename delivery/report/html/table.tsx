import type { ComponentChildren } from "preact";

export interface Column {
  title: string;
  isNumber?: boolean;
}

/** The keyboard must reach a scrolling region (WCAG 2.1.1). */
const FOCUSABLE = { tabIndex: 0 };

/** A table that scrolls sideways if it is too wide. Its first column names the rows. */
export function ScrollingTable({
  caption,
  columns,
  rows,
}: {
  caption: string;
  columns: Column[];
  rows: ComponentChildren[][];
}) {
  return (
    <section class="scroll" aria-label={caption} {...FOCUSABLE}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th key={title} scope="col" class={isNumber ? "number" : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, column) => (
                <Cell key={column} isFirst={column === 0} isNumber={columns[column]?.isNumber === true}>
                  {cell}
                </Cell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({
  isFirst,
  isNumber,
  children,
}: {
  isFirst: boolean;
  isNumber: boolean;
  children: ComponentChildren;
}) {
  const kind = isNumber ? "number" : undefined;
  return isFirst ? (
    <th scope="row" class={kind}>
      {children}
    </th>
  ) : (
    <td class={kind}>{children}</td>
  );
}
