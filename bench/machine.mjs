// What a figure is worth nothing without: the machine, the versions, the settings and the commit.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

import { root } from '../scripts/checkout.mjs';
import { startCommand } from './stand.mjs';

const DATABASE_SETTINGS = [
  'innodb_flush_log_at_trx_commit',
  'innodb_flush_method',
  'innodb_buffer_pool_size',
  'log_bin',
  'transaction_isolation',
  'tx_isolation',
];

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}

function commit() {
  const hash = git('rev-parse', '--short=10', 'HEAD');
  if (hash === null) return 'unknown';
  const changes = git('status', '--porcelain', '--', 'src', 'migrations', 'bench', 'package.json');
  return changes === '' ? hash : `${hash}-changed`;
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

function distribution() {
  if (!existsSync('/etc/os-release')) return '';
  return /^PRETTY_NAME="(.*)"/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
}

function wrkVersion(wrk) {
  try {
    execFileSync(wrk, ['-v'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    // It prints its version and then fails for want of a URL.
    return /wrk (\S+)/.exec(error.stdout + error.stderr)?.[1] ?? 'unknown';
  }
  return 'unknown';
}

async function databaseFacts(database) {
  const [[{ version }]] = await database.query('SELECT VERSION() AS version');
  const [variables] = await database.query('SHOW GLOBAL VARIABLES WHERE variable_name IN (?)', [DATABASE_SETTINGS]);
  return { version, settings: Object.fromEntries(variables.map((row) => Object.values(row))) };
}

/** Everything about where and how the figures were made; no paths, no names of people or hosts. */
export async function describeRun({ database, redis, wrk, settings }, timing) {
  const { version, settings: databaseSettings } = await databaseFacts(database);
  const redisVersion = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1];
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGib: Math.round(totalmem() / 1024 ** 3),
      system: `${distribution()}, ${type()} ${release()}`,
    },
    versions: {
      node: process.versions.node,
      database: version,
      redis: redisVersion,
      wrk: wrkVersion(wrk),
      fastify: versionOf('fastify'),
      nest: versionOf('@nestjs/core'),
      mysql2: versionOf('mysql2'),
    },
    settings: { start: startCommand().text, service: settings, database: databaseSettings, timing },
  };
}
