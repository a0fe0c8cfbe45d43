import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './child-service.js';
import { eventually } from './eventually.js';

/** A rule as Prometheus sees it: whether it could be evaluated, and what came of it. */
export interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state: 'inactive' | 'pending' | 'firing';
}

/** A program of Prometheus' kind: told by one file and a few flags, ready when it says so. */
class Monitor {
  protected constructor(
    readonly url: string,
    private readonly process: ChildProcess,
  ) {}

  /** Starts the first of the programs that there is, in a folder of its own that is emptied. */
  protected static async launch(folder: string, programs: readonly string[], configuration: object, flags: string[]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'configuration.yml'), stringify(configuration));
    const address = `127.0.0.1:${await freePort()}`;
    const find = programs.map((name) => `command -v ${name}`).join(' || ');
    const args = ['--config.file=configuration.yml', `--web.listen-address=${address}`, ...flags];
    const child = spawn('sh', ['-c', `exec $(${find}) "$@"`, 'sh', ...args], { cwd: folder, stdio: 'ignore' });
    await eventually(async () => {
      if (!(await fetch(`http://${address}/-/ready`)).ok) throw new Error(`${programs[0]} is not ready`);
    });
    return { url: `http://${address}`, child };
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill();
    await ended;
  }
}

/** A real Alertmanager. */
export class Alertmanager extends Monitor {
  static async start(folder: string, configuration: object): Promise<Alertmanager> {
    const flags = ['--storage.path=data', '--cluster.listen-address='];
    const programs = ['prometheus-alertmanager', 'alertmanager'];
    const { url, child } = await Monitor.launch(folder, programs, configuration, flags);
    return new Alertmanager(url, child);
  }
}

/** A real Prometheus. */
export class Prometheus extends Monitor {
  static async start(folder: string, configuration: object): Promise<Prometheus> {
    const { url, child } = await Monitor.launch(folder, ['prometheus'], configuration, ['--storage.tsdb.path=data']);
    return new Prometheus(url, child);
  }

  /** The figures that a query returns, one a series, but for those that are no number. */
  async query(expr: string): Promise<number[]> {
    const { result } = await this.get<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(expr)}`,
    );
    return result.map(({ value: [, figure] }) => Number(figure)).filter((figure) => !Number.isNaN(figure));
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.get<{ groups: { rules: Rule[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  private async get<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${this.url}/api/v1/${path}`)).json()) as { data?: T; error?: string };
    if (answer.data === undefined) throw new Error(answer.error);
    return answer.data;
  }
}
