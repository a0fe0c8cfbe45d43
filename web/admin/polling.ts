import { useEffect } from 'preact/hooks';
import { session } from './session.js';

/** Calls `load` now, and each so many milliseconds while somebody looks at the page and is signed in. */
export function usePolling(load: () => Promise<void>, milliseconds: () => number): void {
  useEffect(() => {
    let timer: number;
    let isOver = false;
    const look = async (): Promise<void> => {
      if (document.visibilityState === 'visible') await load();
      if (session.value !== null && !isOver) timer = setTimeout(() => void look(), milliseconds());
    };
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
}
