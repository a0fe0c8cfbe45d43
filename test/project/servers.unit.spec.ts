import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ensureServers } from '../../scripts/servers.mjs';

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
