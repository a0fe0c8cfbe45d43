import { call, isAway } from './api.js';

/** A figure is a second old at most either way: so long does the service let it be kept. */
const POLL_MS = 1000;

/** How long the stream may be away before it is tried again. */
const STREAM_RETRY_MS = 15_000;

interface Watcher<Body> {
  /** @param isWhole whether it is all that stands there: what is not in it is there no more. */
  readonly heard: (body: Body, isWhole: boolean) => void;
  /** Whether what is shown is out of date, as nobody answers. */
  readonly lost: (isLost: boolean) => void;
}

/**
 * Tells what stands at `path` now and whenever it changes: by its stream (`path/live`), or, where there is none or it can't
 * get through, by asking once a second. What a stream tells after its first event may be a part of the whole.
 *
 * @returns what ends it
 */
export function watch<Body>(path: string, { heard, lost }: Watcher<Body>, hasStream = true): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stream: EventSource | undefined;
  const later = (work: () => void, milliseconds: number): void => {
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(work, milliseconds);
  };

  const poll = async (until: number): Promise<void> => {
    try {
      // Of a page that nobody sees, nothing has to be true.
      if (document.visibilityState === 'visible') {
        const { body } = await call<Body>('GET', path);
        if (isOver) return;
        lost(false);
        heard(body, true);
      }
    } catch (error) {
      if (isOver) return;
      lost(isAway(error));
    }
    if (hasStream && Date.now() > until) listen();
    else later(() => void poll(until), POLL_MS);
  };

  const listen = (): void => {
    if (isOver) return;
    let isFirst = true;
    stream = new EventSource(`${path}/live`);
    stream.addEventListener('stock', ({ data }: MessageEvent<string>) => {
      lost(false);
      heard(JSON.parse(data) as Body, isFirst);
      isFirst = false;
    });
    // It would try again by itself; until it gets through, asking does.
    stream.addEventListener('error', () => {
      stream?.close();
      void poll(Date.now() + STREAM_RETRY_MS);
    });
  };

  if (hasStream) listen();
  else void poll(Infinity);
  return () => {
    isOver = true;
    clearTimeout(timer);
    stream?.close();
  };
}
