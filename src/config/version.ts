import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The nearest folder above this file that has a package.json: the checkout, or what a build was copied to. */
function findRoot(folder: string): string {
  try {
    readFileSync(join(folder, 'package.json'));
    return folder;
  } catch {
    const parent = join(folder, '..');
    return parent === folder ? folder : findRoot(parent);
  }
}

/** Where the checkout is, or what a build was copied to. */
export const ROOT = findRoot(import.meta.dirname);

function readText(path: string): string {
  try {
    return readFileSync(join(ROOT, path), 'utf8').trim();
  } catch {
    return '';
  }
}

/** The version of the service, from its package.json. */
export const VERSION = (JSON.parse(readText('package.json') || '{}') as { version?: string }).version ?? 'unknown';

/** The commit that runs: what the image was told, or what is checked out; empty when neither is known. */
export function findCommit(told: string): string {
  if (told !== '') return told;
  const head = readText('.git/HEAD');
  const ref = /^ref: (\S+)$/.exec(head)?.[1];
  if (ref === undefined) return head;
  const packed = new RegExp(`^([0-9a-f]{40}) ${ref.replaceAll('.', '\\.')}$`, 'm').exec(
    readText('.git/packed-refs'),
  )?.[1];
  return readText(join('.git', ref)) || (packed ?? '');
}
