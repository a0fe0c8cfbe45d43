// An open-loop generator: requests are sent when they are due, whether or not earlier ones were answered, as
// buyers do. Prints one JSON object.
//
//   node open-loop.mjs '{ port, method, path, headers, body, perSecond, seconds, connectionsMax }'
//
// Latency counts from the moment a request was due if no connection was free then, else from its sending: the
// queue that a slow server causes is counted, the lag of this process's timer is not.

import { connect } from 'node:net';

const plan = JSON.parse(process.argv[2]);
const LATE_ANSWERS_MS = 5_000;
const CONNECT_BURST_MAX = 50;

const request = [
  `${plan.method} ${plan.path} HTTP/1.1`,
  `host: 127.0.0.1:${plan.port}`,
  ...Object.entries({ ...plan.headers, ...(plan.body && { 'content-length': Buffer.byteLength(plan.body) }) }).map(
    ([name, value]) => `${name}: ${value}`,
  ),
  '',
  plan.body ?? '',
].join('\r\n');

const answers = new Map();
const backlog = [];
const free = [];
const open = new Set();
let errors = 0;
let sent = 0;
let endsAt = 0;

function openConnection() {
  const socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
  const connection = { socket, startedAt: null, text: '' };
  open.add(connection);
  socket.setEncoding('latin1');
  socket.on('connect', () => release(connection));
  socket.on('data', (text) => receive(connection, text));
  socket.on('error', () => {});
  socket.on('close', () => {
    open.delete(connection);
    const index = free.indexOf(connection);
    if (index >= 0) free.splice(index, 1);
    if (connection.startedAt !== null) errors++;
  });
}

function send(connection, startedAt) {
  connection.startedAt = startedAt;
  sent++;
  connection.socket.write(request);
}

function release(connection) {
  if (backlog.length > 0) send(connection, backlog.shift());
  else free.push(connection);
}

function receive(connection, text) {
  connection.text += text;
  const headEnd = connection.text.indexOf('\r\n\r\n');
  if (headEnd < 0) return;
  const head = connection.text.slice(0, headEnd);
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (connection.text.length < headEnd + 4 + length) return;
  record(Number(head.slice(9, 12)), /\r\nretry-after: *\d+/i.test(head), performance.now() - connection.startedAt);
  connection.text = '';
  connection.startedAt = null;
  if (/\r\nconnection: *close/i.test(head)) connection.socket.destroy();
  else release(connection);
}

function record(status, hasRetryAfter, latencyMs) {
  if (!answers.has(status)) answers.set(status, { latencies: [], withRetryAfter: 0, inTime: 0 });
  const entry = answers.get(status);
  entry.latencies.push(latencyMs);
  if (hasRetryAfter) entry.withRetryAfter++;
  // What is answered after the last request was due says how long the queue is, not how fast it moves.
  if (performance.now() <= endsAt) entry.inTime++;
}

function percentile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function describe({ latencies, withRetryAfter, inTime }) {
  const sorted = latencies.sort((a, b) => a - b);
  const [p50Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
  return { count: sorted.length, inTime, withRetryAfter, p50Ms, p99Ms, maxMs: sorted.at(-1) ?? 0 };
}

function finish(elapsedMs) {
  const { user, system } = process.cpuUsage();
  const byStatus = Object.fromEntries([...answers].map(([status, entry]) => [status, describe(entry)]));
  const unanswered = backlog.length + [...open].filter(({ startedAt }) => startedAt !== null).length;
  const cpuSeconds = (user + system) / 1e6;
  console.log(JSON.stringify({ sent, seconds: elapsedMs / 1000, byStatus, errors, unanswered, cpuSeconds }));
  process.exit(0);
}

for (let i = 0; i < Math.min(plan.connectionsMax, 32); i++) openConnection();
await new Promise((wake) => setTimeout(wake, 200));

const startedAt = performance.now();
endsAt = startedAt + plan.seconds * 1000;
let due = 0;
const ticker = setInterval(() => {
  const now = performance.now();
  const elapsedMs = Math.min(now - startedAt, plan.seconds * 1000);
  for (const target = Math.floor((elapsedMs / 1000) * plan.perSecond); due < target; due++) {
    const dueAt = startedAt + (due / plan.perSecond) * 1000;
    if (free.length > 0) send(free.pop(), now);
    else backlog.push(dueAt);
  }
  const missing = Math.min(backlog.length, plan.connectionsMax - open.size, CONNECT_BURST_MAX);
  for (let i = 0; i < missing; i++) openConnection();
  const isOver = now - startedAt >= plan.seconds * 1000;
  const isQuiet = backlog.length === 0 && [...open].every((connection) => connection.startedAt === null);
  if (isOver && (isQuiet || now - startedAt > plan.seconds * 1000 + LATE_ANSWERS_MS)) {
    clearInterval(ticker);
    finish(plan.seconds * 1000);
  }
}, 1);
