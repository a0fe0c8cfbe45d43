import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** Longer than the stop_grace_period of any of our services. */
const STOP_SECONDS = 30;

export async function podman(...args: string[]): Promise<string> {
  const { stdout } = await run('podman', args, { maxBuffer: 64_000_000 });
  return stdout.trim();
}

async function runHealthchecks(): Promise<void> {
  const ids = await podman('ps', '--quiet', '--filter', 'health=starting');
  for (const id of ids.split('\n').filter(Boolean)) await podman('healthcheck', 'run', id).catch(() => undefined);
}

/** Docker's command as the documentation writes it, for podman and docker-compose 1: images are built before, there is no terminal. */
const DOCKER = `#!/bin/sh
if [ "$1" != compose ]; then exec podman "$@"; fi
shift
# docker-compose 1 ends before the command has read its standard input.
if [ "$1" = -f ] && [ "$3" = exec ]; then
  shift 3
  if [ "$1" = -T ]; then shift; fi
  of="label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
  id=$(podman ps --quiet --filter "$of" --filter "label=com.docker.compose.service=$1" | head -n 1)
  shift
  exec podman exec --interactive "$id" "$@"
fi
for word do
  shift
  case $word in
    --build) set -- "$@" --no-build ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec docker-compose "$@"
`;

/** A compose file that is run from a copy of its folder, where `.env`, secrets and the project's name are the test's own. */
export class Project {
  /** The copy of the checkout's folder, as far as the file needs it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'compose-'));
  private readonly env: Readonly<Record<string, string>>;

  /** @param edit  changes the file's text, for what a test needs another way */
  constructor(
    private readonly name: string,
    private readonly file: string,
    env: Readonly<Record<string, string>>,
    edit = (text: string): string => text,
  ) {
    if (file.startsWith('deploy/')) {
      const filter = (source: string): boolean => basename(source) !== 'secrets';
      cpSync(join(ROOT, 'deploy'), join(this.folder, 'deploy'), { recursive: true, filter });
    }
    // docker-compose 1 does not know the name of a project in its file.
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/^name: .*\n/m, '');
    this.write(file, edit(text));
    this.write('bin/docker', DOCKER);
    chmodSync(join(this.folder, 'bin/docker'), 0o755);
    this.env = {
      ...env,
      PATH: `${join(this.folder, 'bin')}:${process.env.PATH}`,
      COMPOSE_PROJECT_NAME: name,
      COMPOSE_HTTP_TIMEOUT: '300',
      GIT_DIR: join(ROOT, '.git'),
    };
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), content);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  /**
   * Runs lines of the documentation as they are printed, in the folder. Meanwhile the healthchecks are run here: an engine
   * without systemd leaves them to others.
   */
  async shell(lines: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const options = { cwd: this.folder, env: { ...process.env, ...this.env, ...env }, maxBuffer: 64_000_000 };
    const state = { isOver: false };
    const running = run('sh', ['-euc', lines], options).finally(() => (state.isOver = true));
    const checking = (async () => {
      while (!state.isOver) {
        await runHealthchecks();
        await Promise.race([pause(2000), running.catch(() => undefined)]);
      }
    })();
    const [{ stdout }] = await Promise.all([running, checking]);
    return stdout;
  }

  compose(...words: string[]): Promise<string> {
    return this.shell(`docker compose -f ${this.file} ${words.join(' ')}`);
  }

  async down(): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', String(STOP_SECONDS));
    rmSync(this.folder, { recursive: true });
  }

  /** Ids of the containers of a service that run. */
  async containers(service: string): Promise<string[]> {
    const labels = [`com.docker.compose.project=${this.name}`, `com.docker.compose.service=${service}`];
    const ids = await podman('ps', '--quiet', ...labels.flatMap((label) => ['--filter', `label=${label}`]));
    return ids.split('\n').filter(Boolean);
  }

  /** Runs a command in a container of the service. */
  async exec(service: string, ...command: string[]): Promise<string> {
    const [id] = await this.containers(service);
    return podman('exec', id!, ...command);
  }

  async restart(id: string): Promise<void> {
    await podman('restart', '--time', String(STOP_SECONDS), id);
  }
}
