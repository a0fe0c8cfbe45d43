import type { ComponentChildren } from 'preact';
import { Button } from '../shared/button.js';

interface ShownOnceProps {
  /** What it is. */
  readonly title: ComponentChildren;
  readonly secret: string;
  readonly onClose: () => void;
}

/** The one place where a secret that was just made is ever seen. */
export function ShownOnce({ title, secret, onClose }: ShownOnceProps) {
  return (
    <section class="card" aria-labelledby="made-secret">
      <h2 id="made-secret" class="small-title">
        {title}
      </h2>
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
    </section>
  );
}
