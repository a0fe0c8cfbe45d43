import type { Dispatcher } from 'undici';
import { firstCharacters } from '../common/first-characters.js';
import type { Attempt } from './deliveries.types.js';

/** For all of it: the name, the connection, the answer and what of it is read. */
export const TIMEOUT_MS = 10_000;

/** Bytes of an answer that are read, and kept; who sends more is not listened to. */
const ANSWER_BYTES = 1024;

const REASON_MAX = 255;

/**
 * One request, from when it is handed to the client until its answer has ended or nobody waits for it any more. It hears
 * what the client hears: `request` of the same client makes a stream of each answer, and a signal and an iterator around
 * it, which costs more than all the rest of a delivery.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly startedAt = performance.now();
  private readonly clock = setTimeout(() => {
    this.giveUp(`No whole answer within ${TIMEOUT_MS / 1000} seconds`);
  }, TIMEOUT_MS);
  private readonly answer: Buffer[] = [];
  private size = 0;
  private status: number | null = null;
  private hasEnded = false;
  private controller: Dispatcher.DispatchController | undefined;

  /** @param tell is called once, with what became of it. */
  constructor(private readonly tell: (attempt: Attempt) => void) {}

  /** From now on it can be stopped; what waited for its connection for too long is not sent any more. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.hasEnded) this.stop();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    // Below 200 it says that an answer will come.
    if (status >= 200) this.status = status;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.answer.push(chunk);
    this.size += chunk.length;
    if (this.size >= ANSWER_BYTES) this.giveUp('');
  }

  onResponseEnd(): void {
    this.end('');
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: NodeJS.ErrnoException): void {
    this.end(error.message || error.code || 'It could not be reached');
  }

  private giveUp(reason: string): void {
    this.end(reason);
    this.stop();
  }

  private stop(): void {
    this.controller?.abort(new Error('Nobody waits for it any more'));
  }

  /** What breaks off after the status is an answer all the same. @param reason why there is none, if there is none. */
  private end(reason: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    clearTimeout(this.clock);
    const { status } = this;
    const tookMs = Math.round(performance.now() - this.startedAt);
    if (status === null) {
      this.tell({ answerStatus: null, answer: null, reason: firstCharacters(reason, REASON_MAX), tookMs });
    } else {
      const isTaken = status >= 200 && status < 300;
      const answer = Buffer.concat(this.answer).subarray(0, ANSWER_BYTES);
      this.tell({ answerStatus: status, answer, reason: isTaken ? null : `It answered ${status}`, tookMs });
    }
  }
}
