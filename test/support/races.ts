import type { Answer } from './service.js';

/** How often a race is run: enough to see a guard that is gone; RACE_ROUNDS for more. */
export const RACE_ROUNDS = Number(process.env.RACE_ROUNDS ?? 20);

/** Starts `count` calls before the first is answered, and returns what all of them give. */
export function inParallel<T>(count: number, start: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => start(index)));
}

/** Answers with this status. */
export function withStatus(answers: readonly Answer[], status: number): Answer[] {
  return answers.filter((answer) => answer.status === status);
}

/** The items in a random order. */
export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
