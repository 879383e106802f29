/** Whether a text has characters beyond the basic plane, whose UTF-16 length is not their number. */
export function hasSurrogates(text: string): boolean {
  return /[\ud800-\udfff]/.test(text);
}

/** Length in Unicode code points, as Go's utf8.RuneCount. */
export function codePointLength(text: string): number {
  if (!hasSurrogates(text)) return text.length;
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    const high = text.charCodeAt(i);
    if (high >= 0xd800 && high <= 0xdbff && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--;
      i++;
    }
  }
  return count;
}
