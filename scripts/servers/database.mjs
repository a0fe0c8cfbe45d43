// A private MariaDB or MySQL: its data folder is made on the first start, its root password is
// random, and it listens on loopback only.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { runTool } from '../owned.mjs';
import { answersOn } from '../ports.mjs';
import { keptSecret } from '../secrets.mjs';
import { findDatabase, findInstaller, inspectDatabase } from './binaries.mjs';
import { PrivateServer, claimServerDir } from './private-server.mjs';

/** @typedef {Awaited<ReturnType<typeof startDatabase>>} DatabaseServer */

// Linux allows 108 bytes for the path of a socket, macOS 104, the final zero included.
const SOCKET_PATH_BYTES_MAX = 100;
const USERNAME = 'root';

const MYSQL_FLAGS = [
  // The X protocol would listen on a fixed port of its own, which a second checkout needs too.
  '--mysqlx=OFF',
  // Packages compile in a folder that only their own service has; nothing here imports files.
  '--secure-file-priv=NULL',
];

// mysqld refuses root unless it is told that root is meant.
const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];

function socketPath(dir) {
  const inside = join(dir, 'database.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const short = createHash('sha256').update(dir).digest('hex').slice(0, 16);
  return join(tmpdir(), `flash-sale-${short}.sock`);
}

/**
 * A server that starts deletes what it takes for temporary files of one that crashed, those of others in the same folder,
 * too: each has a folder of its own.
 */
export function temporaryFilesIn(dir) {
  const folder = join(dir, 'tmp');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return `--tmpdir=${folder}`;
}

/**
 * Makes the data folder beside its final place and renames it, so that a folder of the final name
 * is always complete: an interrupted first start is simply done again.
 */
async function initialise({ binary, engine, label }, dir, dataDir, log) {
  if (existsSync(dataDir)) return;
  log(`Making the data folder of ${label}`);
  const draft = `${dataDir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const common = ['--no-defaults', `--datadir=${draft}`, temporaryFilesIn(dir), ...asRoot];
  const as = { name: 'database-initialisation', pidDir: dir, cwd: dir };
  if (engine === 'mysql') {
    await runTool(binary, [...common, '--initialize-insecure'], as);
  } else {
    // Forced: else it insists that the machine's own name can be looked up, which nothing here needs.
    const flags = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve', '--force'];
    await runTool(findInstaller(binary), [...common, ...flags], as);
  }
  renameSync(draft, dataDir);
}

/**
 * Run by the server at each start, before it takes connections: the accounts are right even if an
 * earlier start was interrupted between making the data and setting the password. TCP needs an
 * account for 127.0.0.1, because without name lookup that is not `localhost`.
 */
function writeInitFile(dir, password) {
  const file = join(dir, 'accounts.sql');
  const lines = ['127.0.0.1', 'localhost'].flatMap((host) => [
    `CREATE USER IF NOT EXISTS '${USERNAME}'@'${host}' IDENTIFIED BY '${password}';`,
    `ALTER USER '${USERNAME}'@'${host}' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${USERNAME}'@'${host}' WITH GRANT OPTION;`,
  ]);
  rmSync(file, { force: true });
  writeFileSync(file, lines.join('\n') + '\n', { mode: 0o600 });
  return file;
}

function serverArgs({ engine, dir, dataDir, socket, initFile, flags }) {
  return (port) => [
    // Must be first: the machine's own configuration is about another server.
    '--no-defaults',
    `--datadir=${dataDir}`,
    temporaryFilesIn(dir),
    `--socket=${socket}`,
    `--pid-file=${join(dir, 'database.pid')}`,
    `--init-file=${initFile}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--default-time-zone=+00:00',
    '--transaction-isolation=READ-COMMITTED',
    '--innodb-flush-log-at-trx-commit=1',
    '--innodb-buffer-pool-size=256M',
    '--max-connections=300',
    ...(engine === 'mysql' ? MYSQL_FLAGS : []),
    ...asRoot,
    ...flags,
  ];
}

/** A server greets first: packet header of 4 bytes, then protocol version 10, or 255 for an error. */
function isReady(port) {
  return answersOn(port, { accepts: (bytes) => bytes.length > 4 && bytes[4] === 10 });
}

/**
 * Starts the database of a folder, making it on the first start.
 * @param {{ dir: string, port?: number, flags?: string[], log?(line: string): void,
 *   binary?: string }} options  `flags` come last and win; `binary` names the server to run; without a port it is the
 *   last one of this folder if that is free, else any free one
 */
export async function startDatabase({ dir, port, flags = [], log = () => {}, binary }) {
  const found = binary ? inspectDatabase(binary) : findDatabase(log);
  if (!found)
    throw new Error(binary ? `${binary} is no MariaDB or MySQL server` : 'No MariaDB or MySQL server on this machine');
  const home = resolve(dir);
  await claimServerDir('database', home, log);
  // One folder for each engine: neither can read the other's files.
  const dataDir = join(home, `data-${found.engine}`);
  await initialise(found, home, dataDir, log);
  const password = keptSecret(join(home, 'root-password'));
  const socket = socketPath(home);
  const initFile = writeInitFile(home, password);
  const args = serverArgs({ engine: found.engine, dir: home, dataDir, socket, initFile, flags });
  const server = new PrivateServer({ ...found, kind: 'database', dir: home, port, args, isReady });
  await server.start();
  return Object.assign(server, { engine: found.engine, username: USERNAME, password, socket });
}
