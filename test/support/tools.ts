import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

const folders = (): string[] => [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The first of the programs (or files, by their whole path) that is on this machine. */
export function findTool(...names: string[]): string | undefined {
  return names.flatMap((name) => folders().map((folder) => resolve(folder, name))).find((path) => existsSync(path));
}

/** Installs the Debian package of a program or file where that is possible; otherwise says what to run. */
export function ensureTool(name: string, debianPackage: string): void {
  if (findTool(name) !== undefined) return;
  const install = ['install', '-y', '--no-install-recommends', debianPackage];
  if (process.getuid?.() !== 0 || findTool('apt-get') === undefined) {
    throw new Error(`${name} is not on this machine. Run: sudo apt-get ${install.join(' ')}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], install]) {
    execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], { env, stdio: 'ignore' });
  }
}
