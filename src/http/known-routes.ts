import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Which methods a path takes, to tell a wrong method from a wrong path. */
@Injectable()
export class KnownRoutes {
  private readonly routes: { readonly method: string; readonly path: RegExp }[] = [];

  /** To be called before the routes are declared. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      // Below a wildcard each path is a route, whether something is there or not.
      if (url.includes('*')) return;
      const path = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`);
      for (const each of [method].flat()) this.routes.push({ method: each, path });
    });
  }

  /** Whether there is the path, but not with the method. */
  isWrongMethod({ method, url }: FastifyRequest): boolean {
    const methods = this.methodsAt(url);
    return methods.length > 0 && !methods.includes(method);
  }

  /** Methods that the path of `url` takes, in alphabetical order; none when there is no such path. */
  methodsAt(url: string): string[] {
    const [path = ''] = url.split('?');
    return [...new Set(this.routes.filter((route) => route.path.test(path)).map(({ method }) => method))].sort();
  }
}
