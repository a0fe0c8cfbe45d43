import { once } from 'node:events';
import http from 'node:http';

import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { overStarts, STARTS } from '../starts.mjs';
import { ratioOf } from '../turns.mjs';

/** What it costs the hot path that one request in a hundred is traced, to a collector on the same machine. */
export const tracing = {
  name: 'tracing',
  countsHolds: true,
  async run(stand, timing) {
    const collector = await startCollector();
    try {
      await stand.addProducts(1, STOCK_MAX);
      const load = closedLoop({ script: 'holds.lua', args: [1] });
      const runs = await overStarts(stand, timing, load, { service: collector.env, without: {} });
      if (collector.bytes() === 0)
        throw new Error('The collector was sent nothing: that would be measured for tracing.');
      const title = `one hot product with 1 % of its requests traced ÷ without tracing, ${STARTS} starts`;
      return { runs, figures: [atLeast(0.97, title, ratioOf(runs, 'service', 'without'))] };
    } finally {
      collector.end();
    }
  },
};

/** Takes what it is sent, and counts it. */
async function startCollector() {
  let count = 0;
  const server = http.createServer((request, response) => {
    request.on('data', (chunk) => (count += chunk.length));
    request.on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    bytes: () => count,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.01',
    },
    end: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
