// A row of the table: what was to be reached, what was measured, and whether that is enough.

/**
 * @param {number} target
 * @param {string} title
 * @param {{ figure: number, pairs?: object }} measured
 * @param {{ unit?: string, reach?: string }} options  `reach` if the target is more than its number
 */
export function atLeast(target, title, measured, options = {}) {
  return figure({ target, title, measured, sign: '≥', isReached: measured.figure >= target, ...options });
}

export function atMost(target, title, measured, options = {}) {
  return figure({ target, title, measured, sign: '≤', isReached: measured.figure <= target, ...options });
}

/** A figure that nothing was set for. */
export function shown(title, measured) {
  return { ...figure({ target: null, title, measured, isReached: true, reach: '–' }), isShownOnly: true };
}

/**
 * @param {{ target: number | null, title: string, measured: { figure: number, pairs?: object }, sign?: string,
 *   isReached: boolean, unit?: string, reach?: string }} of
 */
function figure({ target, title, measured, sign, isReached, unit = '', reach }) {
  return {
    title,
    reach: reach ?? `${sign} ${target}${unit}`,
    figure: measured.figure,
    target,
    unit,
    pairs: measured.pairs ?? null,
    isReached,
    missedBy: isReached ? null : Math.abs(measured.figure - (target ?? 0)),
  };
}
