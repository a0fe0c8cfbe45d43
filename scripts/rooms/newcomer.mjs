// What a newcomer does, inside of the room of fresh.mjs: the README's two commands, as they are printed there. Runs as the
// room's first process, in a folder that is a fresh clone. Ends with the checks counted: `N passed, N failed`.

import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_CAP_MS = 900_000;
const STOP_CAP_MS = 60_000;
const checks = [];

function check(title, isRight, seen = '') {
  checks.push(isRight);
  console.log(`${isRight ? 'ok    ' : 'FAILED'}  ${title}${isRight || seen === '' ? '' : `: ${seen}`}`);
}

/** The README's two commands, which it marks as a newcomer's, and the call between them. */
function readDocumented() {
  const readme = readFileSync('README.md', 'utf8');
  const [start, test, ...more] = [...readme.matchAll(/^```console newcomer\n([^]*?)\n```$/gm)].map(([, code]) => code);
  const [, call] = /^```sh tour\n([^]*?)\n```$/m.exec(readme) ?? [];
  if (!test || !call || more.length > 0)
    throw new Error('The README no longer shows a newcomer two commands, and a call between them');
  return { start, call, test };
}

/** The call as fetch sends it: a bare Debian has no curl, and the tests must find that out for themselves. */
function requestOf(call) {
  const [program, ...words] = [...call.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);
  if (program !== 'curl') throw new Error(`The README's call is no curl: ${call}`);
  const after = (flag) => words[words.indexOf(flag) + 1];
  const [name, value] = after('-H').split(': ');
  const url = words.find((word) => word.startsWith('http://'));
  return { url, options: { method: after('-X'), headers: { [name]: value }, body: after('-d') } };
}

/** Runs a line in a process group of its own, which Ctrl-C in a terminal would reach as a whole. */
function run(line, onOutput) {
  const child = spawn('sh', ['-c', `exec ${line}`], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    onOutput(chunk.toString());
  });
  const exited = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  return { child, exited };
}

async function within(promise, capMs) {
  return Promise.race([promise, sleep(capMs, undefined, { ref: false })]);
}

/** The processes of the room, but for this one. A zombie has ended. */
function others() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const [, name, state] = /\((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        return state === 'Z' ? [] : [`${name} (${pid})`];
      } catch {
        return [];
      }
    });
}

async function tryStart({ start, call }) {
  let output = '';
  let banner;
  const ready = new Promise((resolve) => (banner = resolve));
  const { child, exited } = run(start, (text) => {
    output += text;
    const url = /^ *API +(http:\S+)\/api$/m.exec(output)?.[1];
    if (url && output.includes('Try it')) banner(url);
  });
  const url = await within(Promise.race([ready, exited.then(() => null)]), READY_CAP_MS);
  check(`"${start}" says that it is running`, Boolean(url));
  if (url) {
    const request = requestOf(call);
    const answer = await fetch(request.url.replace('http://127.0.0.1:3000', url), request.options);
    check("the README's call is answered 201", answer.status === 201, `${answer.status} ${await answer.text()}`);
  }
  if (child.pid) process.kill(-child.pid, 'SIGINT');
  const end = await within(exited, STOP_CAP_MS);
  check('Ctrl-C ends it, with code 0', end === 0, String(end));
  const deadline = Date.now() + STOP_CAP_MS;
  while (others().length > 0 && Date.now() < deadline) await sleep(100);
  check('nothing is left running', others().length === 0, others().join(', '));
}

async function tryTests({ test }) {
  let output = '';
  const { exited } = run(test, (text) => (output = (output + text).slice(-20_000)));
  const code = await exited;
  check(`"${test}" ends with code 0`, code === 0, String(code));
  const counts = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? [0, 0, 1];
  return { passed: Number(counts[1]), failed: Number(counts[2]) };
}

const documented = readDocumented();
await tryStart(documented);
const { passed, failed } = await tryTests(documented);
const right = checks.filter(Boolean).length;
console.log(`${passed + right} passed, ${failed + checks.length - right} failed`);
process.exit(failed === 0 && right === checks.length ? 0 : 1);
