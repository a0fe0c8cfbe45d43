// Real MySQL, which Debian has in its unstable suite only. Its programs run from a tree of that suite by the tree's own
// loader and libraries: no chroot, so that every path means the same to the server and to the tests.

import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

import { withLock } from '../processes.mjs';
import { debianArchive, unpackTree } from './debian-tree.mjs';

const PACKAGES = ['mysql-server-core', 'mysql-client-core'];
const PROGRAMS = ['usr/sbin/mysqld', 'usr/bin/mysql', 'usr/bin/mysqldump', 'usr/bin/mysqlbinlog'];

function onlyOne(folder, pattern) {
  const name = readdirSync(folder).find((each) => pattern.test(each));
  if (name === undefined) throw new Error(`${folder} has nothing like ${pattern}`);
  return name;
}

/** One small script a program, beside the tree. */
function writeWrappers(tree, bin) {
  const libraries = onlyOne(join(tree, 'usr/lib'), /-linux-gnu$/);
  const dir = join(tree, 'usr/lib', libraries);
  const loader = join(dir, onlyOne(dir, /^ld-linux.*\.so\.\d$/));
  mkdirSync(bin);
  for (const path of PROGRAMS) {
    const file = join(bin, basename(path));
    // Last, because --no-defaults must come first.
    const base = path.endsWith('/mysqld') ? ` --basedir='${tree}/usr'` : '';
    const line = `exec '${loader}' --library-path '${dir}:${tree}/usr/lib/mysql/private' '${join(tree, path)}' "$@"${base}`;
    writeFileSync(file, `#!/bin/sh\n${line}\n`);
    chmodSync(file, 0o755);
  }
}

/** Unpacked once, and again whenever the archive is another one. */
async function unpackOnce(archive, log) {
  const home = archive.replace(/\.tar$/, '');
  await withLock(`${home}.lock`, async () => {
    if (existsSync(home)) return;
    const draft = `${home}.new`;
    rmSync(draft, { recursive: true, force: true });
    log(`Unpacking MySQL (${home})`);
    await unpackTree(archive, join(draft, 'tree'));
    renameSync(draft, home);
  });
  const bin = join(home, 'bin');
  if (!existsSync(bin)) writeWrappers(join(home, 'tree'), bin);
  return bin;
}

/** The environment in which the private servers are MySQL, and the client programs its own. */
export async function mysqlEnv(log) {
  const bin = await unpackOnce(await debianArchive({ suite: 'sid', packages: PACKAGES, log }), log);
  return { DATABASE_SERVER: join(bin, 'mysqld'), PATH: [bin, process.env.PATH].join(delimiter) };
}
