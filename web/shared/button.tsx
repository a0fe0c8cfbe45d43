import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import './button.css';

interface ButtonProps {
  /** The one action of a screen is `primary`; what can't be undone is `danger`; what is beside the point is `quiet`. */
  readonly kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  readonly isWide?: boolean;
  readonly isDisabled?: boolean;
  /** What the button says while it is at work. */
  readonly busyText?: string;
  /** Until its promise settles the button says that it is busy, and can't be pressed again. */
  readonly onPress: () => unknown;
  readonly children: ComponentChildren;
}

/**
 * A button. It stays in the order of the keyboard when it can't be pressed: who is on it while it becomes busy is not
 * thrown back to the page's beginning.
 */
export function Button({ kind = 'plain', isWide, isDisabled, busyText, onPress, children }: ButtonProps) {
  const isBusy = useSignal(false);
  const press = async (): Promise<void> => {
    if (isBusy.value || isDisabled) return;
    isBusy.value = true;
    try {
      await onPress();
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <button
      type="button"
      class={`button ${kind}${isWide ? ' wide' : ''}`}
      aria-disabled={isBusy.value || isDisabled ? 'true' : undefined}
      data-busy={isBusy.value ? '' : undefined}
      onClick={() => void press()}
    >
      {isBusy.value && busyText !== undefined ? busyText : children}
    </button>
  );
}
