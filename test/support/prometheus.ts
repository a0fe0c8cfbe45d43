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

/** A real Prometheus with a data folder of its own. */
export class Prometheus {
  private constructor(
    private readonly url: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(folder: string, configuration: object): Promise<Prometheus> {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'prometheus.yml'), stringify(configuration));
    const address = `127.0.0.1:${await freePort()}`;
    const args = ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=${address}`];
    const prometheus = new Prometheus(`http://${address}`, spawn('prometheus', args, { cwd: folder, stdio: 'ignore' }));
    await eventually(async () => {
      if (!(await fetch(`http://${address}/-/ready`)).ok) throw new Error('Prometheus is not ready');
    }, 60_000);
    return prometheus;
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

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill();
    await ended;
  }

  private async get<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${this.url}/api/v1/${path}`)).json()) as { data?: T; error?: string };
    if (answer.data === undefined) throw new Error(answer.error);
    return answer.data;
  }
}
