type Ending = () => Promise<void>;

const endings: Ending[] = [];

/** Keeps something for all test files of this process, and ends it after the last. A parallel worker just exits. */
export function atEnd(ending: Ending): void {
  endings.push(ending);
}

export async function endAll(): Promise<void> {
  for (const ending of endings.splice(0)) await ending();
}
