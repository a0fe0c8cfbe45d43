import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './child-service.js';

const DEPLOY = join(import.meta.dirname, '../../deploy/nginx');

/** Debian's is not in everyone's path. */
const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** The load balancer of deploy/nginx, run by this machine's nginx in front of instances of this machine. */
export interface Nginx {
  readonly ports: Readonly<Record<'tls' | 'plain' | 'operators', number>>;
  /** The certificate of its TLS port, as PEM. */
  readonly certificate: string;
  stop(): Promise<void>;
}

/** @param instances  ports on 127.0.0.1 */
export async function startNginx(instances: readonly number[]): Promise<Nginx> {
  // Not in the checkout, whose folders nginx's workers may not enter.
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  // They keep large bodies in it, as another user than root.
  chmodSync(folder, 0o755);
  const ports = { tls: await freePort(), plain: await freePort(), operators: await freePort() };
  const files = { key: join(folder, 'key.pem'), certificate: join(folder, 'certificate.pem') };
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', files.key, '-out', files.certificate], {
    stdio: 'ignore',
  });
  copyFileSync(join(DEPLOY, 'problems.conf'), join(folder, 'problems.conf'));
  writeFileSync(join(folder, 'nginx.conf'), onThisMachine({ folder, ports, files, instances }));
  const args = ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')];
  execFileSync('nginx', ['-t', ...args], { env: ENV, stdio: 'pipe' });
  const nginx = spawn('nginx', [...args, '-g', 'daemon off;'], { env: ENV, stdio: 'inherit' });
  const exited = new Promise((resolve) => nginx.once('exit', resolve));
  await eventually(() => fetch(`http://127.0.0.1:${ports.plain}/`, { redirect: 'manual' }));
  return { ports, certificate: readFileSync(files.certificate, 'utf8'), stop: () => end(nginx, exited, folder) };
}

async function end(nginx: ChildProcess, exited: Promise<unknown>, folder: string): Promise<void> {
  nginx.kill('SIGTERM');
  await exited;
  rmSync(folder, { recursive: true });
}

interface Place {
  readonly folder: string;
  readonly ports: Nginx['ports'];
  readonly files: { readonly key: string; readonly certificate: string };
  readonly instances: readonly number[];
}

/** The file as it is delivered, but for the places that are another here. */
function onThisMachine({ folder, ports, files, instances }: Place): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const places: [string, string][] = [
    ['worker_processes auto;', `worker_processes 2;\npid ${folder}/nginx.pid;`],
    ['http {', ['http {', ...temporary].join('\n')],
    ['listen 8080;', `listen 127.0.0.1:${ports.plain};`],
    ['listen 8443 ssl http2;', `listen 127.0.0.1:${ports.tls} ssl http2;`],
    ['listen 8081;', `listen 127.0.0.1:${ports.operators};`],
    ['/run/secrets/tls_certificate', files.certificate],
    ['/run/secrets/tls_key', files.key],
    ['include /etc/nginx/conf.d/resolver.conf;', ''],
    ['/var/cache/checkout', `${folder}/cache`],
    [
      'server app:3000 resolve max_fails=0;',
      instances.map((port) => `server 127.0.0.1:${port} max_fails=0;`).join('\n'),
    ],
    ['/etc/nginx/', `${folder}/`],
  ];
  return places.reduce(
    (text, [delivered, here]) => {
      if (!text.includes(delivered)) throw new Error(`deploy/nginx/nginx.conf has no "${delivered}"`);
      return text.replaceAll(delivered, here);
    },
    readFileSync(join(DEPLOY, 'nginx.conf'), 'utf8'),
  );
}
