/** A part of a sentence that is left out with its punctuation where there is nothing to say. */
export function phrase(lead: string, text: string | undefined, tail = ''): string {
  return text === undefined || text === '' ? '' : `${lead}${text}${tail}`;
}

/** Every line moved to the right. */
export function indent(text: string, by = '  '): string {
  return text
    .split('\n')
    .map((line) => `${by}${line}`)
    .join('\n');
}
