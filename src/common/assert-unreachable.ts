/** Makes a switch exhaustive: a case that is missing does not compile. */
export function assertUnreachable(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
