import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ensureServers } from '../../scripts/servers.mjs';
import { claimData, releaseData } from '../../scripts/service.mjs';

describe('the servers of a command', () => {
  const dir = join(import.meta.dirname, '../../.local/test/named-servers');

  it.each([
    ['a host', { REDIS_HOST: 'redis.example', REDIS_PORT: '6380' }, 'redis.example (REDIS_HOST)'],
    [
      'sentinels',
      { REDIS_SENTINELS: 'one:26379,two:26379', REDIS_SENTINEL_MASTER: 'sale' },
      'one:26379,two:26379 (REDIS_SENTINELS)',
    ],
    [
      'sentinels beside a host, which count alone',
      { REDIS_SENTINELS: 'one:26379', REDIS_HOST: 'redis.example' },
      'one:26379 (REDIS_SENTINELS)',
    ],
  ])('are those that the environment names, and none is started beside them: %s', async (_, redis, where) => {
    const database = { DB_HOST: 'db.example', DB_PASSWORD: 'secret' };
    const servers = await ensureServers({ dir, env: { ...database, ...redis } });
    await servers.stop();
    expect(servers.env).toEqual({ ...database, ...redis });
    expect(servers.where).toEqual(['db.example (DB_HOST)', where]);
  });
});

describe('the data of a checkout', () => {
  it('is let go of by who has it alone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'claims-'));
    const lock = join(dir, 'launcher.lock');
    expect(await claimData(dir, 'npm start')).toBeNull();
    releaseData(dir);
    expect(existsSync(lock)).toBe(false);
    writeFileSync(lock, JSON.stringify({ pid: process.ppid, started: 'before', command: 'npm run rush' }));
    releaseData(dir);
    expect(existsSync(lock)).toBe(true);
    rmSync(dir, { recursive: true });
  });
});
