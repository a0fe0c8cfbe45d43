import { signal } from '@preact/signals';

const said = signal('');

/** Has a reader of screens say it once it is through with what it says now. */
export function announce(text: string): void {
  said.value = text;
}

/** Stands once in a page, and from its beginning: what is added later is not listened to. */
export function Announcer() {
  return (
    <div class="unseen" role="status" aria-live="polite">
      {said.value}
    </div>
  );
}
