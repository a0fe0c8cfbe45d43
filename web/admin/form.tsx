import { useSignal } from '@preact/signals';
import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { Refusal } from '../shared/api.js';
import '../shared/button.css';

/** What was filled in, by the names of the fields. */
export type Values = Readonly<Record<string, string>>;

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly type?: 'text' | 'number' | 'password' | 'datetime-local' | 'checkbox';
  /** In place of a text: what it may be, with what is shown of it. */
  readonly choices?: Readonly<Record<string, string>>;
  readonly value?: string;
  readonly isRequired?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly autocomplete?: string;
}

interface FieldsProps {
  readonly fields: readonly Field[];
  readonly action: string;
  readonly isDangerous?: boolean | undefined;
  readonly onSubmit: (values: Values) => Promise<void>;
  readonly onCancel?: () => void;
  /** Whether the button stands beside its one field. */
  readonly isLine?: boolean;
  readonly children?: ComponentChildren;
}

/** Fields with their button, which can't be pressed twice. What is wrong is said at the field that it is about. */
export function Fields({ fields, action, isDangerous, onSubmit, onCancel, isLine, children }: FieldsProps) {
  const form = useRef<HTMLFormElement>(null);
  const isBusy = useSignal(false);
  const failure = useSignal('');
  const faults = useSignal<Readonly<Record<string, string>>>({});
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy.value) return;
    isBusy.value = true;
    [failure.value, faults.value] = ['', {}];
    try {
      await onSubmit(valuesOf(form.current!));
    } catch (error) {
      faults.value = faultsOf(error, fields);
      failure.value = Object.keys(faults.value).length > 0 ? 'Please mend what is marked.' : textOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form ref={form} class={isLine === true ? 'stack line' : 'stack'} onSubmit={(event) => void submit(event)}>
      {fields.map((field) => (
        <OneField key={field.name} field={field} fault={faults.value[field.name]} />
      ))}
      {children}
      <div class="actions">
        <button
          type="submit"
          class={`button ${isDangerous === true ? 'danger' : 'primary'}`}
          aria-disabled={isBusy.value ? 'true' : undefined}
          data-busy={isBusy.value ? '' : undefined}
        >
          {action}
        </button>
        {onCancel !== undefined && (
          <button
            type="button"
            class="button quiet"
            aria-disabled={isBusy.value ? 'true' : undefined}
            onClick={onCancel}
          >
            Cancel
          </button>
        )}
      </div>
      <p class="failure" role="alert" hidden={failure.value === ''}>
        {failure.value}
      </p>
    </form>
  );
}

function OneField({ field, fault }: { field: Field; fault: string | undefined }) {
  const { name, label, hint, type = 'text', choices, value = '', isRequired = false } = field;
  // The same name may stand twice in a page: in a dialog, and behind it.
  const id = `${useId()}-${name}`;
  const described = [hint !== undefined && `${id}-hint`, fault !== undefined && `${id}-fault`]
    .filter(Boolean)
    .join(' ');
  const shared = {
    id,
    name,
    required: isRequired,
    'aria-invalid': fault !== undefined,
    ...(described !== '' && { 'aria-describedby': described }),
  };
  return (
    <div class={type === 'checkbox' ? 'field check' : 'field'}>
      <label for={id}>{label}</label>
      {hint !== undefined && (
        <p id={`${id}-hint`} class="soft small">
          {hint}
        </p>
      )}
      {type === 'checkbox' ? (
        <input {...shared} type="checkbox" defaultChecked={value === 'on'} />
      ) : choices === undefined ? (
        <input {...inputOf(field)} {...shared} />
      ) : (
        <select {...shared}>
          {Object.entries(choices).map(([choice, text]) => (
            <option key={choice} value={choice} selected={choice === value}>
              {text}
            </option>
          ))}
        </select>
      )}
      {fault !== undefined && (
        <p id={`${id}-fault`} class="failure">
          {fault}
        </p>
      )}
    </div>
  );
}

type Input = InputHTMLAttributes<HTMLInputElement>;

function inputOf({ type = 'text', value = '', min, max, autocomplete = 'off' }: Field): Input {
  const bounds = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  const step = type === 'datetime-local' ? { step: 1 } : {};
  return { type, defaultValue: value, autocomplete, spellcheck: false, dir: 'auto', ...step, ...bounds } as Input;
}

function valuesOf(form: HTMLFormElement): Values {
  return Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value.trim() : '']),
  );
}

/** What of a refusal is about which field. */
function faultsOf(error: unknown, fields: readonly Field[]): Record<string, string> {
  if (!(error instanceof Refusal) || !Array.isArray(error.problem.errors)) return {};
  const errors = error.problem.errors as readonly { field: string; message: string }[];
  return Object.fromEntries(
    errors
      .filter(({ field }) => fields.some(({ name }) => name === field))
      .map(({ field, message }) => [field, `It ${message}.`]),
  );
}

/** A failure in the page's own words. */
export class Told extends Error {}

/** What went wrong, for the operator. */
export function textOf(error: unknown): string {
  if (error instanceof Refusal || error instanceof Told) return error.message;
  return 'No answer came. Try again: what was done already is not done twice.';
}
