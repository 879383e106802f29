/** Calls back when whoever started this program has died: `kdr up` holds the other end of our standard input. */
export function onParentGone(env: Readonly<Record<string, string | undefined>>, stop: () => void): void {
  if (env.KDR_PARENT_PIPE === undefined) return;
  process.stdin.on('end', stop).on('error', stop).resume();
  process.stdin.unref?.();
}
