/** Waits until something holds; fails with what was seen last. */
export async function eventually(holds: () => boolean, what: string, withinMs = 5_000): Promise<void> {
  const until = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`It never came true that ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
