// CPU time of processes as Linux counts it, all threads of a process together.

import { readFileSync } from 'node:fs';

/** Linux reports in hundredths of a second to every program, whatever the kernel's own clock (USER_HZ). */
export const TICKS_PER_SECOND = 100;

/** CPU seconds a process and its children have used, or null when there is no such process to read. */
export function cpuSecondsOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + (cpuSecondsOf(child) ?? 0), own);
  } catch {
    return null;
  }
}

/** CPU seconds of several processes: { name: pid } to { name: seconds }. */
export function cpuSnapshot(pids) {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf(pid)]));
}

/**
 * What was used between two snapshots; null where a process could not be read.
 * @param {Record<string, number | null>} before
 * @param {Record<string, number | null>} after
 */
export function cpuBetween(before, after) {
  const used = (name) => {
    const [from, to] = [before[name], after[name]];
    return from === null || to === null ? null : to - from;
  };
  return Object.fromEntries(Object.keys(after).map((name) => [name, used(name)]));
}

/** Resident memory in MiB. */
export function residentMib(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** CPU seconds that the whole machine has worked, or was kept from working by its host. */
export function machineSeconds() {
  const [, user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]
    .split(/\s+/);
  return [user, nice, system, irq, softirq, steal].reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}
