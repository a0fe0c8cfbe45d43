// The Node that the image ships, for whoever has another one. Its binary is in npm's registry, in one package for each
// platform; it is fetched when it is asked for, and no dependency that everybody pays for.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { localDir, root } from '../checkout.mjs';
import { runTool } from '../owned.mjs';
import { withLock } from '../processes.mjs';
import { cacheDir } from './debian-tree.mjs';

const PACKAGE = `node-${process.platform}-${process.arch}`;
const as = { pidDir: join(localDir, 'rooms'), cwd: root };

/** The line of releases that the Dockerfile names: 26 for node:26-slim. */
export function shippedMajor() {
  const major = /^FROM node:(\d+)/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))?.[1];
  if (!major) throw new Error('The Dockerfile names no version of Node');
  return major;
}

function newestOf(major) {
  const text = execFileSync('npm', ['view', `${PACKAGE}@${major}`, 'version', '--json'], {
    encoding: 'utf8',
    cwd: root,
  });
  const collator = new Intl.Collator('en', { numeric: true });
  return [JSON.parse(text)].flat().sort(collator.compare).at(-1);
}

async function fetchNode(version, dir) {
  const draft = `${dir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const args = ['pack', `${PACKAGE}@${version}`, '--silent', '--pack-destination', draft];
  await runTool('npm', args, { ...as, name: 'npm-pack' });
  const unpack = ['-C', draft, '--strip-components=1', '-xzf', join(draft, `${PACKAGE}-${version}.tgz`)];
  await runTool('tar', unpack, { ...as, name: 'tar' });
  renameSync(draft, dir);
}

/** The environment in which `node`, and with it npm, is that Node. */
export async function nodeLtsEnv(log) {
  const version = newestOf(shippedMajor());
  const dir = join(cacheDir, `node-${version}-${process.platform}-${process.arch}`);
  await withLock(`${dir}.lock`, async () => {
    if (existsSync(dir)) return;
    log(`Fetching Node ${version} (npm pack ${PACKAGE}; once)`);
    await fetchNode(version, dir);
  });
  log(`Node ${version}`);
  return { PATH: [join(dir, 'bin'), process.env.PATH].join(delimiter) };
}
