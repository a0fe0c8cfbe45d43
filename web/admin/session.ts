/** Who is signed in, and the calls that he makes. The session is a cookie, which no script can read. */
import { signal } from '@preact/signals';
import { type Answer, call, type CallOptions, Refusal, Unreachable } from '../shared/api.js';
import { Told } from './form.js';
import type { Scope, Session } from './types.js';

/** Undefined until the service has said; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** Which the service takes from its own page alone. */
const OF_PAGE = { 'console-request': '1' };

/** Says that it is worth asking who is signed in: a script sees nothing of the cookie. It is no secret. */
const SIGNED_IN = 'signed-in';

/** Calls as who is signed in; a session that has ended shows the page to sign in. */
export async function ask<Body>(method: string, path: string, options: CallOptions = {}): Promise<Answer<Body>> {
  try {
    return await call<Body>(method, path, { ...options, headers: { ...options.headers, ...OF_PAGE } });
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) forget();
    throw error;
  }
}

export async function read<Body>(path: string): Promise<Body> {
  return (await ask<Body>('GET', path)).body;
}

/**
 * Makes what is shown once. Such a call takes no key: tried again it makes another one.
 *
 * @param onMade is told what was made; null: no answer came, so it may have been
 * @throws Told without an answer
 */
export async function make<Made>(
  path: string,
  onMade: (made: Made | null) => void,
  options?: CallOptions,
): Promise<void> {
  try {
    onMade((await ask<Made>('POST', path, options)).body);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    onMade(null);
    throw new Told(
      'No answer came, and it may be done all the same. Look at the list and the audit log first: tried again, it is done once more.',
    );
  }
}

/**
 * Changes what was read as `etag`, and reads it anew, also where it has changed meanwhile: then nothing is changed. That may
 * have been a try of our own to which no answer came.
 *
 * @throws Told where it has
 */
export async function change(path: string, body: object, etag: string, onDone: () => Promise<void>): Promise<void> {
  try {
    await ask('PATCH', path, { body, headers: { 'if-match': etag } });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 412) throw error;
    await onDone();
    throw new Told(
      'It has changed meanwhile, perhaps by a try that got no answer. Cancel, and look at it as it is now.',
    );
  }
  await onDone();
}

/** The key goes to the service once, and stays nowhere. */
export async function signIn(key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, ...OF_PAGE };
  try {
    session.value = (await call<Session>('POST', '/api/admin/session', { headers })).body;
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) throw new Told('This key is not valid. Is all of it there?');
    throw error;
  }
  localStorage.setItem(SIGNED_IN, '1');
}

export async function signOut(): Promise<void> {
  await ask('DELETE', '/api/admin/session');
  forget();
}

/** Finds out whether somebody is signed in already. */
export async function resume(): Promise<void> {
  if (localStorage.getItem(SIGNED_IN) === null) session.value = null;
  else session.value = await read<Session>('/api/admin/session');
}

function forget(): void {
  localStorage.removeItem(SIGNED_IN);
  session.value = null;
}

/** Whether who is signed in may do what is about this. */
export function may(scope: Scope): boolean {
  return session.value?.scopes.includes(scope) ?? false;
}

/** Whether he may look at it. */
export function mayRead(scope: Scope): boolean {
  return may(scope) || (scope !== 'keys' && scope !== 'audit' && may('read'));
}
