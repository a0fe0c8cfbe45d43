/**
 * Whether a client wants this media type rather than JSON, by its header `Accept` (RFC 9110, section 12.5.1). Only who
 * names the type does: anything will do for who takes anything.
 */
export function prefers(accept: string | undefined, type: string): boolean {
  const wanted = qualityOf(accept, type);
  return wanted > 0 && wanted >= qualityOf(accept, 'application/json');
}

/** 0 where the type is not named. */
function qualityOf(accept: string | undefined, type: string): number {
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    if (name === type) return quality === undefined ? 1 : Number(quality.slice('q='.length)) || 0;
  }
  return 0;
}
