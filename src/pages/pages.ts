import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { ROOT } from '../config/version.js';
import { headPages } from '../http/request-head.js';

/** Made of `web/` by the build. */
const BUILT = join(ROOT, 'web/dist');

/** The pages for people, by their path. */
const PAGES = {
  '/': 'index.html',
  '/admin': 'admin/index.html',
} as const;

/**
 * The storefront and the operators' console. They are the same for everybody and know no secret: what they show, and who
 * may see it, they ask the API like any other client.
 */
export async function servePages(fastify: FastifyInstance): Promise<void> {
  for (const file of Object.values(PAGES)) expectBuilt(file);
  await fastify.register(async (scope) => {
    headPages(scope, { hasBase: false, isKept: false, isOurs: true });
    await scope.register(fastifyStatic, {
      root: join(BUILT, 'assets'),
      prefix: '/assets/',
      index: false,
      // What they are named by is their content.
      immutable: true,
      maxAge: '365d',
      preCompressed: true,
    });
    for (const [path, file] of Object.entries(PAGES)) {
      scope.get(path, { schema: { hide: true } }, (_request, reply) => {
        // Asked for each time, so that a new version counts at once; the answer is mostly that it is the same.
        void reply.header('cache-control', 'no-cache');
        return reply.sendFile(file, BUILT, { cacheControl: false });
      });
    }
  });
}

function expectBuilt(file: string): void {
  try {
    readFileSync(join(BUILT, file));
  } catch (error) {
    throw new Error('The pages are not built; run `npm run build`.', { cause: error });
  }
}
