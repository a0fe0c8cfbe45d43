import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';

const NEEDED = { DB_HOST: 'database', REDIS_HOST: 'redis' };

const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

/** The variables of .env.example with their defaults; each stands in a comment. */
const lines = [...text.matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]): [string, string] => [
  name!,
  value!,
]);
const documented = Object.fromEntries(lines);

describe('.env.example', () => {
  it('documents every variable that the configuration reads, and no other', () => {
    const read = new Set<string>();
    const recorder = new Proxy<Record<string, string>>(NEEDED, {
      get(target, name: string) {
        read.add(name);
        return target[name];
      },
    });
    loadConfig(recorder);
    expect(Object.keys(documented).sort()).toEqual([...read].sort());
  });

  it('documents each of them once', () => {
    const names = lines.map(([name]) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('says how a password with a # in it is written, which is cut off there otherwise', () => {
    expect(text).toMatch(/#[^\n]+ with a # in it, such as a password, goes in quotes, as in "a#b"/);
    expect(parseEnv('QUOTED="a#b"\nBARE=a#b')).toEqual({ QUOTED: 'a#b', BARE: 'a' });
  });

  it('gives no token that somebody could leave as it is', () => {
    expect(documented.ADMIN_TOKEN).toBe('');
  });

  it('states the defaults', () => {
    const withoutToken = (source: Record<string, string>) => ({
      ...loadConfig({ ...source, ...NEEDED }),
      adminToken: '',
    });
    // A variable that names a file must name one, so these are left out rather than set to nothing.
    const set = Object.fromEntries(Object.entries(documented).filter(([name]) => !name.endsWith('_FILE')));
    expect(withoutToken(set)).toEqual(withoutToken({}));
  });
});
