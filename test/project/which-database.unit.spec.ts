import { describe, expect, it } from '@jest/globals';
import { chooseDatabase } from '../../scripts/which-database.mjs';

const service = {
  url: 'http://127.0.0.1:3000',
  env: { APP_ENV: 'local', DB_HOST: '127.0.0.1', DB_PORT: '4000', DB_USERNAME: 'root', DB_PASSWORD: 'x' },
};

describe('a command of the CLI', () => {
  it('uses the database that its environment names, whatever service is running', () => {
    const env = { DB_HOST: 'db.example', DB_DATABASE: 'other' };
    const expected = { from: 'environment', line: 'Database: other at db.example:3306 (DB_HOST)' };
    expect(chooseDatabase({ env, service })).toEqual(expected);
    expect(chooseDatabase({ env, service: null })).toEqual(expected);
  });

  it.each([
    { DB_HOST: '127.0.0.1', DB_PORT: '4001' },
    { DB_HOST: '127.0.0.1', DB_PORT: '4000', DB_DATABASE: 'other' },
    { DB_HOST: 'localhost', DB_PORT: '4000' },
  ])('takes no other database for the one of the running service: %j', (env) => {
    expect(chooseDatabase({ env, service }).from).toBe('environment');
  });

  it('joins the running service when it is told of the same database, or of none', () => {
    const line = 'Database: checkout at 127.0.0.1:4000, of the service that is running at http://127.0.0.1:3000';
    const env = { DB_HOST: '127.0.0.1', DB_PORT: '4000', DB_DATABASE: 'checkout' };
    expect(chooseDatabase({ env, service })).toEqual({ from: 'service', line });
    expect(chooseDatabase({ env: {}, service })).toEqual({ from: 'service', line });
  });

  it('uses a private database when it is told of nothing and nothing is running', () => {
    const line = 'Database: checkout, private to this checkout';
    expect(chooseDatabase({ env: {}, service: null })).toEqual({ from: 'private', line });
  });

  it('takes sentinels for a Redis that is named', () => {
    const env = { APP_ENV: 'production', DB_HOST: 'db', REDIS_SENTINELS: 'one:26379' };
    expect(chooseDatabase({ env, service: null })).toMatchObject({ from: 'environment' });
  });

  it.each([
    [{ APP_ENV: 'production' }, 'APP_ENV is production, and DB_HOST is not set'],
    [{ DB_PASSWORD: 'secret' }, 'DB_PASSWORD is set, but DB_HOST is not'],
    [{ DB_USERNAME: 'checkout_app', DB_PASSWORD_FILE: '/run/x' }, 'DB_USERNAME, DB_PASSWORD_FILE is set, but'],
    [{ APP_ENV: 'production', DB_HOST: 'db' }, 'REDIS_HOST is not set'],
  ])('guesses nothing where a service of ours is configured: %j', (env, message) => {
    expect(() => chooseDatabase({ env, service: null })).toThrow(message);
    expect(() => chooseDatabase({ env, service })).toThrow(message);
  });
});
