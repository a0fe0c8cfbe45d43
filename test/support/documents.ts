import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The fenced blocks of the project's documents, and a shell that runs their commands as they are printed. */

const BLOCK = /^#{2,3} (?<heading>.+)$|^```(?<language>\w+)(?: (?<runBy>\w+))?\n(?<code>[^]*?)^```$/gm;
/** What something has to run. */
const COMMAND_LANGUAGES = ['sh', 'bash', 'console', 'php', 'python'];

export interface Block {
  /** The section that it stands in; the document's name before the first. */
  readonly heading: string;
  readonly language: string;
  /** What runs it, for pages that are run in parts: the word after the language. */
  readonly runBy: string | null;
  readonly code: string;
}

export const ROOT = join(import.meta.dirname, '../..');

/** A file's text, by its path from the root of the repository. */
export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Paths from the root of the repository. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
}

export const DOCUMENTS: readonly string[] = [
  'README.md',
  'ARCHITECTURE.md',
  'DEMO.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'clients/typescript/README.md',
  ...filesBelow('docs').filter((path) => path.endsWith('.md')),
];

export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let heading = document;
  for (const { groups } of readDocument(document).matchAll(BLOCK)) {
    const { language, runBy = null, code } = groups!;
    if (groups!.heading !== undefined) heading = groups!.heading;
    else blocks.push({ heading, language: language!, runBy, code: code! });
  }
  return blocks;
}

/** The page's blocks of commands; with `runBy`, those that are marked for it. */
export function commandsOf(document: string, runBy?: string): Block[] {
  return blocksOf(document).filter(
    (block) => COMMAND_LANGUAGES.includes(block.language) && (runBy === undefined || block.runBy === runBy),
  );
}

/** One bash for a whole document, since later commands use variables of earlier ones. */
export class Shell {
  private static readonly END = '\n<end of commands>\n';
  private readonly bash: ChildProcessWithoutNullStreams;
  private readonly closed: Promise<void>;
  private output = '';
  private outputGrew: () => void = () => undefined;

  constructor(options: { env: NodeJS.ProcessEnv; cwd?: string }) {
    this.bash = spawn('bash', ['--noprofile', '--norc'], options);
    for (const stream of [this.bash.stdout, this.bash.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.outputGrew();
      });
    }
    this.closed = new Promise((resolve) => this.bash.once('close', () => resolve(this.outputGrew())));
  }

  /** Returns what the commands printed; once told `set -e`, a command that fails ends the shell and is thrown. */
  async run(code: string): Promise<string> {
    this.output = '';
    this.bash.stdin.write(`${code}\nprintf '${Shell.END.replaceAll('\n', '\\n')}'\n`);
    while (!this.output.endsWith(Shell.END)) {
      if (this.bash.exitCode !== null) throw new Error(`The shell ended: ${this.output}`);
      await new Promise<void>((grew) => (this.outputGrew = grew));
    }
    return this.output.slice(0, -Shell.END.length);
  }

  async close(): Promise<void> {
    // Commands of a test that timed out still run.
    this.bash.kill();
    await this.closed;
  }
}
