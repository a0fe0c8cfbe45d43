import type { ServerResponse } from 'node:http';

/** Who listens to a topic: the answer that goes on. */
export interface Listener {
  readonly response: ServerResponse;
  readonly client: string;
  /** Bytes that may wait for it to be taken. */
  waitingMax: number;
  /** Whether some waited already when the last heartbeat was sent. */
  hadWaiting: boolean;
}

/** What all who listen to one thing are told. It is there as long as somebody listens, or is about to. */
export abstract class LiveTopic {
  readonly listeners = new Set<Listener>();
  /** Those for whom it is being read. */
  arriving = 0;

  /** Reads it anew, so that who came before this call is told nothing older than he knew. */
  abstract refresh(): Promise<void>;

  /** What is told to who comes now: the whole. */
  abstract whole(): object;

  /** What is told to those who are there: what has changed since this was asked last; null: nothing that they would see. */
  abstract changes(): object | null;

  /** The last one has left. */
  abstract close(): void;
}
