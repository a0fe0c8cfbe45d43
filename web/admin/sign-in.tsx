import { useEffect, useRef } from 'preact/hooks';
import { Fields } from './form.js';
import { signIn } from './session.js';

export function SignIn() {
  const main = useRef<HTMLElement>(null);
  useEffect(() => main.current?.querySelector('input')?.focus(), []);
  return (
    <main ref={main} class="sign-in stack">
      <h1>Sign in</h1>
      <Fields
        fields={[
          {
            name: 'key',
            label: 'Key',
            hint: 'Your API key, or the admin token. It is kept nowhere in this browser.',
            type: 'password',
            isRequired: true,
            autocomplete: 'current-password',
          },
        ]}
        action="Sign in"
        onSubmit={({ key = '' }) => signIn(key)}
      />
    </main>
  );
}
