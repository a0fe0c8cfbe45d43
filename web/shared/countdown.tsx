import type { ComponentChildren } from 'preact';
import { now } from './clock.js';
import { durationText } from './time.js';
import './countdown.css';

const RADIUS = 32;
const ROUND = 2 * Math.PI * RADIUS;

/** How long before the end a countdown says that it ends. */
const ENDING_MS = 20_000;

interface CountdownProps {
  /** In milliseconds since 1970, by the server's clock. */
  readonly until: number;
  /** How long the whole of it lasts, in milliseconds: what the ring is full at. */
  readonly whole: number;
  /** What the time is left for. */
  readonly children: ComponentChildren;
}

/** A ring that runs empty, with its time as text beside it. What is said of it aloud is said elsewhere, and seldom. */
export function Countdown({ until, whole, children }: CountdownProps) {
  const left = Math.max(0, until - now.value);
  const share = whole > 0 ? Math.min(1, left / whole) : 0;
  return (
    <div class="countdown" data-ending={left <= ENDING_MS ? '' : undefined}>
      <svg viewBox="0 0 72 72" aria-hidden="true">
        <circle class="ring" cx="36" cy="36" r={RADIUS} />
        {share > 0 && (
          <circle
            class="left"
            cx="36"
            cy="36"
            r={RADIUS}
            stroke-dasharray={ROUND}
            stroke-dashoffset={ROUND * (1 - share)}
          />
        )}
      </svg>
      <div>
        <div class="time figures" role="timer" aria-live="off">
          {durationText(left)}
        </div>
        {children}
      </div>
    </div>
  );
}
