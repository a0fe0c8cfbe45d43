import { loadConfig } from '../../src/config/config.js';

/** The settings that files outside of the code name, as the configuration sees them. */

/** The variables that the configuration reads, by what it asks for. */
export function knownVariables(): Set<string> {
  const known = new Set<string>(['ROLES', 'DB_HOST', 'REDIS_HOST']);
  const recorder = new Proxy<Record<string, string>>(
    { DB_HOST: 'x', REDIS_HOST: 'x' },
    {
      get: (target, name: string) => {
        known.add(name);
        return target[name];
      },
    },
  );
  loadConfig(recorder);
  return known;
}

/** The settings of an environment, with a secret in place of each file, which this machine does not have. */
export function settingsOf(env: Readonly<Record<string, string>>) {
  return loadConfig(
    Object.fromEntries(
      Object.entries(env).map(([name, value]) =>
        name.endsWith('_FILE')
          ? [name.slice(0, -'_FILE'.length), 'a-secret-of-32-random-characters-83a1f0c9d2e7']
          : [name, value],
      ),
    ),
  );
}
