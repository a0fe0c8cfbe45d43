import { signal } from '@preact/signals';

/** By how much the server's clock is ahead of this device's, in milliseconds. */
let offset = 0;

/** The server's time, in milliseconds since 1970; it moves on several times a second, and at once when a device wakes. */
export const now = signal(Date.now());

/** Goes by the server's clock from now on: the device's may be wrong by hours. */
export function setServerTime(instant: number): void {
  offset = instant - Date.now();
  tick();
}

function tick(): void {
  now.value = Date.now() + offset;
}

setInterval(tick, 250);
addEventListener('visibilitychange', tick);
addEventListener('pageshow', tick);
