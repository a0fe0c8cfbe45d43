// The pages: two entries, the storefront and the console, built into web/dist. What they load is named by its content, so
// that browsers keep it for ever, and lies beside its compressed forms, so that nothing is compressed while buyers wait.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

const root = import.meta.dirname;
const COMPRESSED = /[.](css|html|js|svg)$/;

/** @returns {import('vite').Plugin} */
function compressed() {
  return {
    name: 'compressed',
    closeBundle() {
      const dist = join(root, 'dist');
      for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        if (!COMPRESSED.test(name)) continue;
        const content = readFileSync(join(dist, name));
        writeFileSync(join(dist, `${name}.br`), brotliCompressSync(content));
        writeFileSync(join(dist, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  root,
  logLevel: 'warn',
  publicDir: false,
  plugins: [compressed()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // What the browsers of the last years know.
    target: 'es2022',
    // Nothing as data in place of a file: the pages' policy has no exception for it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: [join(root, 'index.html'), join(root, 'admin/index.html')] },
  },
});
