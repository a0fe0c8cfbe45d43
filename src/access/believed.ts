/** How long what was found is believed: what ends in the database ends so much later everywhere. */
const BELIEVED_MS = 1000;

/** Rows that are kept in memory; past them the one that was looked up first is looked up again. */
const KEPT_MAX = 1000;

interface Looked<Found> {
  /** When the look began, in milliseconds: what is found is as of later. */
  readonly at: number;
  readonly found: Promise<Found | null>;
}

/**
 * Rows by their numbers, looked up in the database at most a second ago. Calls share a look. That there is no such row is
 * not kept: one that is made this moment counts at once, and to ask for rows that do not exist costs a stranger what any
 * read of one row does.
 */
export class Believed<Found> {
  private readonly looked = new Map<number, Looked<Found>>();

  constructor(private readonly look: (id: number) => Promise<Found | null>) {}

  /** @throws whatever the database says when it can't be asked: that tells nothing of the row. */
  find(id: number): Promise<Found | null> {
    const now = performance.now();
    const last = this.looked.get(id);
    if (last !== undefined && now - last.at < BELIEVED_MS) return last.found;
    const found = this.look(id);
    const look: Looked<Found> = { at: now, found };
    const drop = (): void => {
      if (this.looked.get(id) === look) this.looked.delete(id);
    };
    found.then((row) => {
      if (row === null) drop();
    }, drop);
    this.looked.delete(id);
    this.looked.set(id, look);
    if (this.looked.size > KEPT_MAX) this.looked.delete(this.looked.keys().next().value!);
    return found;
  }

  /** Has a row looked up again by the next call: it has changed. */
  forget(id: number): void {
    this.looked.delete(id);
  }
}
