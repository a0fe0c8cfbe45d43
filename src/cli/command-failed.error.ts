/** A command that ran and found something wrong; its message says what. */
export class CommandFailedError extends Error {}
