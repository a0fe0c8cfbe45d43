import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { sendRaw } from '../support/raw-requests.js';
import { type Service, startService } from '../support/service.js';

/** Of all that a page loads before it shows something, as it goes over the wire. */
const FIRST_LOAD_BYTES_MAX = 60 * 1024;
const PAGES = ['/', '/admin'];

let service: Service;

beforeAll(async () => {
  service = await startService();
});

/** An answer with its bytes as they were sent. */
async function load(path: string, encoding: string) {
  const request = get(`${service.url}${path}`, { headers: { 'accept-encoding': encoding } });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, content: await buffer(answer) };
}

/** What a page names that is loaded with it. */
async function assetsOf(page: string): Promise<string[]> {
  const { text } = await service.call('GET', page);
  return [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
}

describe.each(PAGES)('the page %s', (page) => {
  it('weighs at most 60 KiB compressed, with all that it loads at first', async () => {
    const paths = [page, ...(await assetsOf(page))];
    const answers = await Promise.all(paths.map((path) => load(path, 'gzip, br')));
    expect(answers.map(({ status, headers }) => [status, headers['content-encoding']])).toEqual(
      paths.map(() => [200, 'br']),
    );
    const weight = answers.reduce((sum, { content }) => sum + content.length, 0);
    expect(weight).toBeGreaterThan(5_000);
    expect(weight).toBeLessThan(FIRST_LOAD_BYTES_MAX);
  });

  it('asks this host alone, and has neither script nor style in itself', async () => {
    const { text } = await service.call('GET', page);
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    const assets = await assetsOf(page);
    expect(assets.filter((url) => !/^\/assets\/[\w-]+\.(?:css|js|svg)$/.test(url))).toEqual([]);
    expect(assets.length).toBeGreaterThan(2);
  });

  it('is asked for each time, and answered in full once', async () => {
    const first = await service.call('GET', page);
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    const again = await service.call('GET', page, undefined, { 'if-none-match': first.headers.get('etag')! });
    expect([again.status, again.text]).toEqual([304, '']);
    expect((await service.call('POST', page)).status).toBe(405);
  });
});

describe('what pages load', () => {
  it('is kept for a year, since its name is its content', async () => {
    for (const path of [...(await assetsOf('/')), ...(await assetsOf('/admin'))]) {
      const { headers } = await load(path, 'identity');
      expect([path, headers['cache-control']]).toEqual([path, 'public, max-age=31536000, immutable']);
      expect(headers['content-type']).toMatch(/^(text\/css|text\/javascript|application\/javascript|image\/svg\+xml)/);
    }
  });

  it('is compressed as the browser takes it, or not at all', async () => {
    for (const path of await assetsOf('/')) {
      const plain = await load(path, 'identity');
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(gunzipSync((await load(path, 'gzip')).content)).toEqual(plain.content);
      expect(brotliDecompressSync((await load(path, 'br')).content)).toEqual(plain.content);
    }
  });

  it.each(['/assets/../index.html', '/assets/%2e%2e/index.html', '/assets/..%2findex.html', '/assets/%00', '/assets/'])(
    'is nothing but files in their folder: %s is refused',
    async (path) => {
      const { url } = service;
      const { status, body } = await sendRaw('GET', path, undefined, { port: new URL(url).port });
      expect([400, 404]).toContain(status);
      expect(body.status).toBe(status);
    },
  );

  it('that is not there is a problem like any other, and nobody keeps the answer', async () => {
    const { status, body, headers } = await service.call('GET', '/assets/index-00000000.js');
    expect([status, body.code, headers.get('cache-control')]).toEqual([404, 'ROUTE_NOT_FOUND', 'no-store']);
  });
});
