import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../shared/button.js';

interface ShownOnceProps {
  /** What it is. */
  readonly title: ComponentChildren;
  readonly secret: string;
  readonly onClose: () => void;
}

/** The one place where a secret that was just made is ever seen: over the page, and until it is said that it was taken. */
export function ShownOnce({ title, secret, onClose }: ShownOnceProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="made-secret" onCancel={(event) => event.preventDefault()} onClose={onClose}>
      <h2 id="made-secret">{title}</h2>
      <div class="stack">
        <p>Copy it now: it is shown here, and never again.</p>
        <p>
          <code class="secret">{secret}</code>
        </p>
        <div class="actions">
          <Button kind="primary" onPress={() => navigator.clipboard?.writeText(secret)}>
            Copy
          </Button>
          <Button onPress={onClose}>I have it</Button>
        </div>
      </div>
    </dialog>
  );
}
