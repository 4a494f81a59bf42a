/**
 * Waits for a condition that another process brings about. The test's own timeout bounds it: the timer is unreferenced,
 * so that a wait whose test has failed doesn't keep the process alive.
 *
 * @param child If it ends first, the wait fails.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  child?: { exitCode: number | null },
): Promise<void> {
  while (!(await condition())) {
    if (child !== undefined && child.exitCode !== null) {
      throw new Error("the process ended before the condition held");
    }
    await new Promise((resolve) => setTimeout(resolve, 20).unref());
  }
}
