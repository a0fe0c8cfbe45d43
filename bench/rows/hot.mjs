import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { compared, holdCall, startAll } from '../calls.mjs';
import { ratioOf } from '../turns.mjs';

/** Everybody wants the same product: 256 connections, one unit each, flushed at every commit. */
export const hot = {
  name: 'hot',
  isQuick: true,
  countsHolds: true,
  async setUp(stand) {
    const servers = await startAll(stand, { calls: [holdCall(1)] });
    return compared(servers, closedLoop({ script: 'holds.lua', args: [1] }));
  },
  figures: (runs) => [
    atLeast(0.6, 'one hot product, durable holds ÷ echo', ratioOf(runs, 'service', 'echo')),
    atLeast(30, 'one hot product, durable holds ÷ naive', ratioOf(runs, 'service', 'naive')),
  ],
};
