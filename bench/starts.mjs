// Two settings of the service beside each other, where what is looked for is smaller than what two processes of the same
// code differ by: each is started several times.

import { inTurns } from './turns.mjs';

export const STARTS = 4;

/** Measures `service` and `without`, each with the environment that `envs` has for it, and returns the runs of all starts. */
export async function overStarts(stand, timing, load, envs) {
  const all = { service: [], without: [] };
  const seconds = Math.max(1, Math.round(timing.seconds / 2));
  for (let start = 0; start < STARTS; start++) {
    const service = await stand.startService({ env: envs.service });
    const without = await stand.startService({ name: 'service-without', env: envs.without });
    const contestants = [
      { name: 'service', server: service, load },
      { name: 'without', server: without, load },
    ];
    const runs = await inTurns(stand, start % 2 === 0 ? contestants : contestants.reverse(), { ...timing, seconds });
    for (const name of Object.keys(all)) all[name].push(...runs[name]);
    await service.end();
    await without.end();
  }
  return all;
}
