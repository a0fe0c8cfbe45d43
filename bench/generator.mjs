// The load generators: wrk for closed loops, open-loop.mjs for open ones.

import { join } from 'node:path';

import { runTool } from '../scripts/owned.mjs';
import { TICKS_PER_SECOND } from './cpu.mjs';

const here = import.meta.dirname;
const REQUEST_TIMEOUT_SECONDS = 10;

/**
 * A closed loop: every connection sends its next request when its last one is answered.
 * @param {{ script: string, path?: string, args?: (string | number)[], connections?: number,
 *   refusals?: boolean }} load  with `refusals`, an answer of 400 and above is what is expected
 */
export function closedLoop({ script, path = '/api/holds', args = [], connections = 256, refusals = false }) {
  return async ({ wrk, pidDir }, server, seconds) => {
    const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, `--timeout=${REQUEST_TIMEOUT_SECONDS}s`];
    const url = `http://127.0.0.1:${server.port}${path}`;
    const output = await runTool(wrk, [...flags, '-s', join(here, 'wrk', script), url, '--', ...args.map(String)], {
      name: 'wrk',
      pidDir,
      cwd: here,
    });
    const report = /^REPORT (.*)$/m.exec(output);
    if (!report) throw new Error(`wrk did not report:\n${output}`);
    return toResult(JSON.parse(report[1]), { connections, refusals });
  };
}

function toResult(report, { connections, refusals }) {
  const seconds = report.micros / 1e6;
  const unexpected = refusals ? report.requests - report.refused : report.refused;
  const answered = report.requests - unexpected;
  return {
    requests: report.requests,
    answered,
    perSecond: answered / seconds,
    seconds,
    connections,
    p50Ms: report.p50 / 1000,
    p99Ms: report.p99 / 1000,
    maxMs: report.max / 1000,
    errors: unexpected + report.broken + report.timeouts,
    bytesPerAnswer: report.requests > 0 ? report.bytes / report.requests : 0,
    counted: report.counted,
    generatorSeconds: report.cpuTicks / TICKS_PER_SECOND,
  };
}

/**
 * An open loop: requests are sent when they are due, whether or not earlier ones were answered.
 * @param {{ perSecond: number, connectionsMax: number, method?: string, path?: string, body?: object,
 *   expected?: number }} load
 */
export function openLoop({ perSecond, connectionsMax, method = 'POST', path = '/api/holds', body, expected = 201 }) {
  return async ({ pidDir }, server, seconds) => {
    const plan = {
      ...{ port: server.port, method, path, perSecond, seconds, connectionsMax },
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? '' : JSON.stringify(body),
    };
    const output = await runTool(process.execPath, [join(here, 'open-loop.mjs'), JSON.stringify(plan)], {
      name: 'open-loop',
      pidDir,
      cwd: here,
    });
    const { byStatus, sent, errors, unanswered, cpuSeconds } = JSON.parse(output);
    const wanted = byStatus[expected] ?? { count: 0, inTime: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 };
    const others = Object.entries(byStatus).filter(([status]) => Number(status) !== expected);
    return {
      ...{ requests: sent, answered: wanted.count, perSecond: wanted.inTime / seconds, seconds },
      ...{ connections: connectionsMax, p50Ms: wanted.p50Ms, p99Ms: wanted.p99Ms, maxMs: wanted.maxMs },
      errors: others.reduce((sum, [, { count }]) => sum + count, 0) + errors + unanswered,
      ...{ byStatus, broken: errors + unanswered, generatorSeconds: cpuSeconds },
    };
  };
}

/**
 * wrk tells refusals from grants but not one refusal from another; a 503 has another size than the sold-out
 * answer, so the mean size of all answers must not wander.
 */
export function onlyOfOneSize(load) {
  const sizes = new Map();
  return async (tools, server, seconds) => {
    const run = { ...(await load(tools, server, seconds)), isHolds: false };
    const size = sizes.get(server.name) ?? run.bytesPerAnswer;
    sizes.set(server.name, size);
    if (Math.abs(run.bytesPerAnswer / size - 1) > 0.01) throw new Error(`${server.name} mixed other answers in`);
    return run;
  };
}

/** One load while another one runs beside it; the result is the first one's. */
export function beside(load, other) {
  return async (tools, server, seconds) => {
    const [result, background] = await Promise.all([load(tools, server, seconds), other(tools, server, seconds)]);
    return {
      ...result,
      errors: result.errors + background.errors,
      besideRequests: background.requests,
      generatorSeconds: result.generatorSeconds + background.generatorSeconds,
    };
  };
}
