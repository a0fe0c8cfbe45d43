/** What the README says between its marks of a run whose page is `file`. */
export function headline(run: unknown, results: unknown, file: string): string;
