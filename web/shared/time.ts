const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two places each, so that a countdown keeps its width: `1:05`, `2:03:09`, `3 d 04:05:06`. Begun seconds count as whole. */
export function durationText(milliseconds: number): string {
  const left = Math.max(0, Math.ceil(milliseconds / SECOND)) * SECOND;
  const [days, hours, minutes] = [
    Math.floor(left / DAY),
    Math.floor((left % DAY) / HOUR),
    Math.floor((left % HOUR) / MINUTE),
  ];
  const seconds = Math.floor((left % MINUTE) / SECOND);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}:${two(seconds)}`;
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds)}`;
  return `${minutes}:${two(seconds)}`;
}

/** In words, to be read aloud: `1 minute 5 seconds`. */
export function durationWords(milliseconds: number): string {
  const left = Math.max(0, Math.ceil(milliseconds / SECOND)) * SECOND;
  const parts = [
    [Math.floor(left / DAY), 'day'],
    [Math.floor((left % DAY) / HOUR), 'hour'],
    [Math.floor((left % HOUR) / MINUTE), 'minute'],
    [Math.floor((left % MINUTE) / SECOND), 'second'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
  return said.length === 0 ? '0 seconds' : said.slice(0, 2).join(' ');
}

/** The time of day in the reader's zone. */
export function clockText(instant: number, withSeconds = false): string {
  return new Date(instant).toLocaleTimeString(undefined, { timeStyle: withSeconds ? 'medium' : 'short' });
}

/** Date and time of day in the reader's zone; today's without its date. */
export function instantText(instant: number, now: number): string {
  const isToday = new Date(instant).toDateString() === new Date(now).toDateString();
  return isToday
    ? clockText(instant)
    : new Date(instant).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
