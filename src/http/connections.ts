import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';

/** How often those are looked for who take nothing of their answer. */
const LOOK_INTERVAL_MS = 1000;

/** Connections past the limit that are taken all the same: for the health checks, and to tell others why they are refused. */
const RESERVE = 32;

/** Requests of one connection that wait behind the one that is being answered. */
const WAITING_MAX = 32;

/** A socket of the HTTP server, with the answer that Node writes to it at the moment, or is to write. */
export interface HttpSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

/** The open connections of the service, and which of them it has room for. */
@Injectable()
export class Connections {
  private readonly open = new Set<HttpSocket>();
  /** Those past the limit, the oldest first. */
  private readonly reserve = new Set<HttpSocket>();
  private readonly waiting = new WeakMap<Socket, number>();
  /** Those whose answer goes on, and whose owners see to it that it is taken; with what is called once they are closed. */
  private readonly streams = new WeakMap<Socket, (() => void)[]>();
  private taken = 0;

  /**
   * @param options.max  connections whose requests are taken
   * @param options.stallMs  how long a client may take nothing of its answer, which is kept in memory for it meanwhile
   */
  watch(server: Server, { max, stallMs }: { max: number; stallMs: number }): void {
    server.maxConnections = max + RESERVE;
    server.on('connection', (socket: HttpSocket) => {
      this.taken++;
      if (this.open.size >= max) this.reserve.add(socket);
      this.open.add(socket);
      socket.once('close', () => {
        this.open.delete(socket);
        this.reserve.delete(socket);
        for (const onClosed of this.streams.get(socket) ?? []) onClosed();
      });
      if (this.reserve.size >= RESERVE) this.freeReserve();
    });
    const looking = setInterval(() => this.limitUntaken(stallMs), LOOK_INTERVAL_MS).unref();
    server.once('close', () => clearInterval(looking));
  }

  /** Whether the connection is past the limit. */
  isReserve(socket: Socket): boolean {
    return this.reserve.size > 0 && this.reserve.has(socket);
  }

  /**
   * Whether too many requests of its connection wait already. Clients may send several without waiting for an answer,
   * and Node makes the answers to all that it has read, also of who takes none.
   */
  hasTooManyWaiting(socket: Socket, response: ServerResponse): boolean {
    // Its turn has come.
    if (response.socket !== null) return false;
    const waiting = this.waiting.get(socket) ?? 0;
    if (waiting >= WAITING_MAX) return true;
    this.waiting.set(socket, waiting + 1);
    response.once('close', () => this.waiting.set(socket, this.waiting.get(socket)! - 1));
    return false;
  }

  /**
   * From here on the answer on the connection goes on and on: that nothing moves for a while is no reason to cut it.
   *
   * @param onClosed is called once the connection is closed. Of an answer that waits behind another one on it Node does not
   *   say that it is.
   */
  leaveToStream(socket: Socket, onClosed: () => void): void {
    this.streams.set(socket, [...(this.streams.get(socket) ?? []), onClosed]);
    socket.setTimeout(0);
  }

  /**
   * Resolves in the very turn of the event loop in which no connection was waiting to be taken, at the latest after `maxMs`.
   * Node takes one in each turn, so under load others wait, with their requests sent; closing the listener would cut them.
   */
  async takeWaiting(maxMs: number): Promise<void> {
    const endsAt = performance.now() + maxMs;
    let before: number;
    do {
      before = this.taken;
      await new Promise(setImmediate);
    } while (this.taken !== before && performance.now() < endsAt);
  }

  /** Tells the clients whose answers are under way that their connection ends with it. */
  endWithAnswers(): void {
    for (const { _httpMessage: answer } of this.open) {
      if (answer?.headersSent === false) answer.setHeader('connection', 'close');
    }
  }

  /** Closes the connections without a request, or with no more than the beginning of one. */
  closeWaiting(): void {
    for (const socket of this.open) {
      if (!socket._httpMessage) socket.destroy();
    }
  }

  closeAll(): void {
    for (const socket of this.open) socket.destroy();
  }

  /** Silent ones must not keep a health check out, which asks at once: the oldest of them makes room for the next. */
  private freeReserve(): void {
    for (const socket of this.reserve) {
      if (!socket._httpMessage) return void socket.destroy();
    }
  }

  /**
   * Node cuts a connection on which nothing moves for as long as its timeout, and counts what the client takes as a move.
   * It is set where something is left to be taken: for all, it would cut those whose request we are still working on.
   */
  private limitUntaken(stallMs: number): void {
    for (const socket of this.open) {
      if (socket.writableLength > 0 && !socket.timeout && !this.streams.has(socket)) socket.setTimeout(stallMs);
    }
  }
}
