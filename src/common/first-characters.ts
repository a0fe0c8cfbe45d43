/** The beginning of a text, of at most `max` characters as a database counts them: none is cut into half a pair. */
export function firstCharacters(text: string, max: number): string {
  return text.length <= max ? text : [...text].slice(0, max).join('');
}
