import { signal } from '@preact/signals';

export interface Place {
  /** Such as `['orders', '17']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

/** Where the console is: behind the `#`, so that the service needs to know one page. */
export const place = signal(placeOf(location.hash));

addEventListener('hashchange', () => {
  place.value = placeOf(location.hash);
});

function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter((part) => part !== ''), query: new URLSearchParams(query) };
}

export function linkTo(path: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${path}${text === '' ? '' : `?${text}`}`;
}

export function goTo(path: string, query?: Readonly<Record<string, string>>): void {
  location.hash = linkTo(path, query);
}
