import { atMost } from '../figures.mjs';
import { openLoop } from '../generator.mjs';
import { compared, holdCall, startAll } from '../calls.mjs';
import { ratioOf } from '../turns.mjs';

// Few enough that no request waits for the one before it, even where a flush takes ten milliseconds.
const PER_SECOND = 50;

/** One buyer at a time: batching must not cost a lone request its latency. */
export const idle = {
  name: 'idle',
  isQuick: true,
  countsHolds: true,
  async setUp(stand) {
    const call = holdCall(1);
    const servers = await startAll(stand, { calls: [call] });
    return compared(servers, openLoop({ ...call, perSecond: PER_SECOND, connectionsMax: 1 }));
  },
  figures: (runs) => [
    atMost(
      1,
      `holds on 1 connection (${PER_SECOND}/s, open loop): p50 ÷ naive's p50`,
      ratioOf(runs, 'service', 'naive', 'p50Ms'),
    ),
  ],
};
