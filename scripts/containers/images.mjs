// The images of the Dockerfile and the compose files. No registry is asked: what they are based on is made here, of
// Debian's packages and under the very names that the files use.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { root } from '../checkout.mjs';
import { cacheDir, debianArchive } from '../rooms/debian-tree.mjs';
import { nodeLtsEnv } from '../rooms/node-lts.mjs';
import { engineTool } from './engine.mjs';

const FILES = ['Dockerfile', 'docker-compose.yml', 'deploy/compose.production.yml'];
const STAND_INS = join(root, 'test/containers/images');
/** By the name that the stand-ins' Dockerfiles use. MySQL and new versions of the others are in the unstable suite only. */
const SYSTEMS = { debian: 'bookworm', 'debian-sid': 'sid' };
/** The image of the Dockerfile. */
const SERVICE = 'flash-sale-checkout';
const BUILD = ['--isolation=chroot', '--network=host', '--pull-never', '--layers', '--format=docker'];
// Layers that no build has asked for in so long.
const UNUSED_AFTER = '336h';

/** What npm has fetched for a build before. */
const npmCache = join(cacheDir, 'npm');

/** Builds what the files name, the service's own image last. */
export async function buildImages({ log }) {
  await engineTool('podman', ['image', 'prune', '--force', '--filter', `until=${UNUSED_AFTER}`]);
  for (const [name, suite] of Object.entries(SYSTEMS)) await makeSystem(name, suite, log);
  for (const image of namedImages()) await buildStandIn(image, log);
  log('Building the image of the service');
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  mkdirSync(npmCache, { recursive: true });
  const settings = ['--volume', `${npmCache}:/root/.npm`, '--build-arg', `GIT_COMMIT=${commit}`];
  const build = (...how) => engineTool('buildah', ['bud', ...BUILD, ...how, ...settings, '--tag', SERVICE, root]);
  await build();
  // Buildah 1.28 takes a kept layer whose ENV or LABEL names a build argument for its own, also when the argument's value
  // is another: after a commit that changes nothing in the image it would carry the commit before.
  if ((await commitOf(SERVICE)) !== commit) await build('--no-cache');
}

async function commitOf(image) {
  const label = '{{index .Config.Labels "org.opencontainers.image.revision"}}';
  return (await engineTool('podman', ['image', 'inspect', '--format', label, image])).trim();
}

/** The images of others that the files name, such as `mysql:9.7`, as far as they have a stand-in. */
function namedImages() {
  const text = FILES.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const names = [...text.matchAll(/^(?:FROM|\s+image:) ((?:node|mysql|redis|nginx):\S+)/gm)].map(([, name]) => name);
  return [...new Set(names)];
}

async function makeSystem(name, suite, log) {
  const exists = await engineTool('podman', ['image', 'exists', name]).then(
    () => true,
    () => false,
  );
  if (exists) return;
  const archive = await debianArchive({ suite, packages: ['ca-certificates'], log });
  const container = (await engineTool('buildah', ['from', 'scratch'])).trim();
  try {
    await engineTool('buildah', ['add', '--quiet', container, archive, '/']);
    await engineTool('buildah', ['commit', '--quiet', container, name]);
  } finally {
    await engineTool('buildah', ['rm', container]);
  }
}

async function buildStandIn(image, log) {
  log(`Making a stand-in for ${image}`);
  const [name] = image.split(':');
  const context = mkdtempSync(join(tmpdir(), `image-${name}-`));
  try {
    cpSync(join(STAND_INS, name), context, { recursive: true });
    if (name === 'node') await addNode(context, log);
    await engineTool('buildah', ['bud', ...BUILD, '--tag', `docker.io/library/${image}`, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Node, the npm that runs us, and whom this machine trusts. */
async function addNode(context, log) {
  const [folder] = (await nodeLtsEnv(log)).PATH.split(delimiter);
  copyFileSync(join(folder, 'node'), join(context, 'node'));
  const npm = process.env.npm_execpath;
  if (!npm) throw new Error('The images get the npm that runs this: use `npm run test:containers`.');
  cpSync(dirname(dirname(npm)), join(context, 'npm'), { recursive: true, dereference: true });
  const trusted = process.env.NODE_EXTRA_CA_CERTS || '/etc/ssl/certs/ca-certificates.crt';
  copyFileSync(trusted, join(context, 'ca-certificates.crt'));
}
