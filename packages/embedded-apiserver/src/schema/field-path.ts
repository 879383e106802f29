/** One step of a path: a property name, a list index, or a map key written `[key]`. */
export type PathSegment = string | number;

/**
 * Prints a path as apimachinery's `field.Path` does: `spec.list[0].x`, `spec.map[key]`.
 * A mutable stack of segments is kept while walking, so that valid objects cost no string building.
 */
export function pathText(segments: readonly PathSegment[]): string {
  let text = '';
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (segment.startsWith('[')) text += segment;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}
