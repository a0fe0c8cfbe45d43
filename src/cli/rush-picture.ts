import type { RushOutcome, RushTry } from '../operations/rush/rush.js';

const WIDTH = 720;
const HEIGHT = 360;
const PLOT = { left: 76, right: 24, top: 116, bottom: 44 };

/** The colours of the pages (`web/shared/theme.css`), by day and by night. */
const STYLE = `
  text { font: 14px system-ui, sans-serif; fill: #17191f; font-variant-numeric: tabular-nums }
  .title { font-size: 20px; font-weight: 600 } .soft { fill: #565c68; font-size: 12px }
  .ground { fill: #ffffff } .line { stroke: #e2e2dd } .paid { fill: #0f8a57 } .refused { fill: #59606d } .failed { fill: #c2321f }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f1f4 } .soft { fill: #a6adba } .ground { fill: #181b22 } .line { stroke: #2a2f39 }
    .paid { fill: #3fbf86 } .refused { fill: #a6adba }
  }`;

/** A rush as a picture: one mark a buyer, by when he came to know and how long he waited; squares got a unit. */
export function rushPicture(outcome: RushOutcome, tries: readonly RushTry[]): string {
  const seconds = Math.max(outcome.seconds, 0.001);
  const number = (value: number): string => value.toLocaleString('en-GB');
  const highest = Math.max(1, ...tries.map(({ startedAt, answeredAt }) => answeredAt - startedAt));
  const x = (ms: number): string => (PLOT.left + (ms / 1000 / seconds) * (WIDTH - PLOT.left - PLOT.right)).toFixed(1);
  const y = (ms: number): string =>
    (HEIGHT - PLOT.bottom - (ms / highest) * (HEIGHT - PLOT.top - PLOT.bottom)).toFixed(1);
  const marks = tries.map(({ startedAt, answeredAt, outcome: what }) => {
    const [across, up] = [x(answeredAt), y(answeredAt - startedAt)];
    return what === 'paid'
      ? `<rect class="paid" x="${Number(across) - 3}" y="${Number(up) - 3}" width="6" height="6"/>`
      : `<circle class="${what}" cx="${across}" cy="${up}" r="2"/>`;
  });
  const grid = [0, 0.5, 1].map(
    (share) =>
      `<line class="line" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${y(highest * share)}" y2="${y(highest * share)}"/>
  <text class="soft" x="${PLOT.left - 8}" y="${Number(y(highest * share)) + 4}" text-anchor="end">${number(Math.round(highest * share))} ms</text>`,
  );
  const title = `${number(outcome.buyers)} buyers, ${number(outcome.units)} units: ${number(outcome.sold)} sold, oversold ${outcome.oversold}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
  <style>${STYLE}
  </style>
  <rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="8"/>
  <text class="title" x="24" y="40">${title}</text>
  <text x="24" y="66">Half of them knew within ${number(outcome.p50)} ms, 99 of 100 within ${number(outcome.p99)} ms</text>
  <rect class="paid" x="24" y="82" width="10" height="10"/><text class="soft" x="40" y="92">got one: ${number(outcome.sold)}</text>
  <circle class="refused" cx="169" cy="87" r="5"/><text class="soft" x="180" y="92">was told no: ${number(outcome.refused)}</text>
  ${outcome.failed > 0 ? `<circle class="failed" cx="329" cy="87" r="5"/><text class="soft" x="340" y="92">no answer: ${outcome.failed}</text>` : ''}
  ${grid.join('\n  ')}
  <text class="soft" x="${PLOT.left}" y="${HEIGHT - 16}">0 s</text>
  <text class="soft" x="${WIDTH - PLOT.right}" y="${HEIGHT - 16}" text-anchor="end">${seconds.toFixed(2)} s</text>
  ${marks.join('\n  ')}
</svg>
`;
}
