import type { Writable } from 'node:stream';

/** Lines that wait for a reader, in bytes; past them new ones are dropped. */
const WAITING_MAX_BYTES = 1024 * 1024;

/**
 * Where log lines go. A reader that hangs must not stop the service: a pipe takes what it has room for, the rest waits in
 * memory, and what is too much of it is dropped and counted.
 */
export class LogOutput {
  private dropped = 0;

  constructor(private readonly stream: Writable) {}

  write(line: string): void {
    if (this.stream.writableLength >= WAITING_MAX_BYTES) {
      this.dropped++;
      return;
    }
    if (this.dropped > 0) this.stream.write(this.lineOnDropped());
    this.stream.write(line);
  }

  private lineOnDropped(): string {
    const figures = { level: 40, time: new Date().toISOString(), context: 'Log', lines: this.dropped };
    this.dropped = 0;
    return `${JSON.stringify({ ...figures, msg: 'Lines were dropped that nobody read in time' })}\n`;
  }
}
