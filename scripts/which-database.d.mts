export type Variables = Readonly<Record<string, string | undefined>>;

/** @throws Error where a private database would be taken for the one that somebody means */
export function chooseDatabase(of: {
  env: Variables;
  service: { readonly url: string; readonly env: Variables } | null;
}): { from: 'environment' | 'service' | 'private'; line: string };
