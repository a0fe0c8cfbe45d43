// A Galera cluster on loopback: nodes of one database that all take writes. For tests, which kill and restart them.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GALERA } from '../needs.mjs';
import { runTool } from '../owned.mjs';
import { answersOn, findFreePort } from '../ports.mjs';
import { findDatabase, findInstaller } from './binaries.mjs';
import { temporaryFilesIn } from './database.mjs';
import { PrivateServer, claimServerDir } from './private-server.mjs';

/** @typedef {import('./database.mjs').DatabaseServer} DatabaseServer */

const NEW_CLUSTER = '--wsrep-new-cluster';

/** @returns {Promise<{ sql: number, cluster: number, state: number, transfer: number }[]>} of each node, all different */
async function choosePorts(size) {
  const ports = new Set();
  while (ports.size < 4 * size) ports.add(await findFreePort());
  const all = [...ports];
  return Array.from({ length: size }, (_, node) => {
    const [sql, cluster, state, transfer] = all.slice(4 * node, 4 * node + 4);
    return { sql, cluster, state, transfer };
  });
}

function flagsOf({ cluster, state, transfer }, members) {
  return [
    '--wsrep-on=ON',
    `--wsrep-provider=${GALERA}`,
    `--wsrep-cluster-address=gcomm://${members}`,
    '--wsrep-node-address=127.0.0.1',
    '--wsrep-sst-method=rsync',
    `--wsrep-sst-receive-address=127.0.0.1:${state}`,
    `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${cluster};ist.recv_addr=127.0.0.1:${transfer}`,
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    // What one node answered is there for the next request at another one.
    '--wsrep-sync-wait=1',
    // The other nodes have what this one loses.
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-buffer-pool-size=128M',
  ];
}

// Started by root, the program that nodes give each other their data with would drop its rights and find the folder
// closed: then the nodes are somebody without rights themselves.
const ACCOUNT = process.getuid?.() === 0 ? 'nobody' : null;
const asAccount = ACCOUNT ? [`--user=${ACCOUNT}`] : [];
const USERNAME = 'root';

function giveAway(dir) {
  if (ACCOUNT) execFileSync('chown', ['-R', ACCOUNT, dir]);
}

async function startNode({ found, dir, port, isFirst, flags, log }) {
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir, { recursive: true });
  await claimServerDir('database', dir, log);
  const common = ['--no-defaults', `--datadir=${dataDir}`, temporaryFilesIn(dir), ...asAccount];
  giveAway(dir);
  const install = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  await runTool(findInstaller(found.binary), [...common, ...install], {
    name: 'node-initialisation',
    pidDir: dir,
    cwd: dir,
  });
  giveAway(dir);
  const socket = join(dir, 'node.sock');
  let isNewCluster = isFirst;
  const args = (port) => [
    ...common,
    `--socket=${socket}`,
    `--pid-file=${join(dir, 'node.pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--max-connections=300',
    ...flags,
    ...(isNewCluster ? [NEW_CLUSTER] : []),
  ];
  const isReady = (port) => answersOn(port, { accepts: (bytes) => bytes.length > 4 && bytes[4] === 10 });
  /** @type {PrivateServer<'database'>} */
  const server = new PrivateServer({ ...found, kind: 'database', dir, port, args, isReady });
  await server.start();
  // Started again it joins the others.
  isNewCluster = false;
  return Object.assign(server, { engine: found.engine, username: USERNAME, password: '', socket });
}

/**
 * Starts a new cluster, node after node, in a folder of its own that `stop` deletes.
 * @param {{ size?: number, waitUntilSynced(node: DatabaseServer): Promise<void>, log?(line: string): void }} options  a node
 *   that answers may still be busy with getting its data; `waitUntilSynced` tells when it takes statements
 * @returns {Promise<{ nodes: DatabaseServer[], stop(): Promise<void> }>}
 */
export async function startCluster({ size = 3, waitUntilSynced, log = () => {} }) {
  const found = findDatabase(log);
  const home = mkdtempSync(join(tmpdir(), 'galera-'));
  chmodSync(home, 0o755);
  const ports = await choosePorts(size);
  const members = ports.map(({ cluster }) => `127.0.0.1:${cluster}`).join(',');
  /** @type {DatabaseServer[]} */
  const nodes = [];
  for (const [index, own] of ports.entries()) {
    const dir = join(home, `node-${index + 1}`);
    const flags = flagsOf(own, members);
    const node = await startNode({ found, dir, port: own.sql, isFirst: index === 0, flags, log });
    nodes.push(node);
    await waitUntilSynced(node);
  }
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(home, { recursive: true, force: true });
  };
  return { nodes, stop };
}
