import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Makes a folder that looks like a fresh checkout to the operators' commands: built, and without any secrets. */
export function layCheckout(folder: string): void {
  for (const path of ['deploy', 'docs']) mkdirSync(join(folder, path), { recursive: true });
  const link = (path: string): void => symlinkSync(join(ROOT, path), join(folder, path));
  for (const path of ['dist', 'docs/examples', 'node_modules', 'package.json', 'scripts']) link(path);
  for (const path of readdirSync(join(ROOT, 'deploy'))) if (path !== 'secrets') link(join('deploy', path));
}
