/** What an action asks before it acts, and what is said of it afterwards. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isAway } from '../shared/api.js';
import { Fields, type Field, type Values } from './form.js';

interface Question {
  readonly title: ComponentChildren;
  /** What will happen, with figures. */
  readonly body?: ComponentChildren;
  readonly fields?: readonly Field[];
  /** What the button says, such as "Pause the sale". */
  readonly action: string;
  readonly isDangerous?: boolean;
  /**
   * Acts, and returns what it did, in a sentence; null where that is shown otherwise. The key is the same for all tries of
   * one question: who asks again after no answer came has one effect.
   */
  readonly run: (values: Values, key: string) => Promise<string | null>;
}

const question = signal<Question | null>(null);

/** What was done last, said to who can't see it, too. */
const said = signal('');

export function ask(asked: Question): void {
  said.value = '';
  question.value = asked;
}

export function say(text: string): void {
  said.value = text;
}

/** Over the page, so that nothing moves; always there, so that it is read when something is put into it. */
export function Said() {
  return (
    <div class="said" role="status">
      {said.value !== '' && (
        <p>
          {said.value}
          <button type="button" class="close" aria-label="Close" onClick={() => say('')}>
            ×
          </button>
        </p>
      )}
    </div>
  );
}

export function AskedQuestion() {
  const asked = question.value;
  return asked === null ? null : <Dialog asked={asked} />;
}

function Dialog({ asked }: { asked: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const key = useRef(newKey());
  const isBusy = useRef(false);
  const isUnknown = useRef(false);
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => {
    dialog.current?.close();
    question.value = null;
  };
  // What was sent can't be called back, and what becomes of it is said here. Asked anew it would be another one.
  const cancel = (): void => {
    if (isBusy.current) return;
    close();
    if (isUnknown.current) say('No answer came: look whether it was done before you do it again.');
  };
  const run = async (values: Values): Promise<string | null> => {
    isBusy.current = true;
    try {
      return await asked.run(values, key.current);
    } catch (error) {
      isUnknown.current ||= isAway(error);
      throw error;
    } finally {
      isBusy.current = false;
    }
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="question"
      onCancel={(event) => {
        event.preventDefault();
        cancel();
      }}
      onClose={() => {
        // The browser asks the page once: at a second Escape it closes the dialog by itself.
        if (isBusy.current) dialog.current?.showModal();
      }}
    >
      <h2 id="question">{asked.title}</h2>
      {asked.body !== undefined && <div class="stack">{asked.body}</div>}
      <Fields
        fields={asked.fields ?? []}
        action={asked.action}
        isDangerous={asked.isDangerous}
        onCancel={cancel}
        onSubmit={async (values) => {
          const done = await run(values);
          close();
          if (done !== null) say(done);
        }}
      />
    </dialog>
  );
}

/** As random as one needs, also where a page that came by plain http has no `randomUUID`. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
