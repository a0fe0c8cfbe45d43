import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { CronTime, validateCronExpression } from 'cron';

/** The longest that Node's timers wait, halved, since two of our limits may add up. */
const TIMER_MAX_MS = 2 ** 30 - 1;

/** Thrown once for all wrong variables, so that one restart is enough to put them right. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads typed values from environment variables and collects every problem instead of stopping at the
 * first. An empty variable counts as unset. `finish` throws what was collected.
 */
export class EnvReader {
  private readonly problems: string[] = [];

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  string(name: string, fallback: string): string {
    return this.raw(name) ?? fallback;
  }

  /** A whole number in decimal digits between `min` and `max`, both included. */
  integer(name: string, fallback: number, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number {
    const raw = this.raw(name);
    if (raw === undefined) return fallback;
    const value = /^-?\d+$/.test(raw) ? Number(raw) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.reject(name, `must be a whole number from ${min} to ${max}, got "${raw}"`);
    return fallback;
  }

  /** A limit of time: a timer that is told more starts over at one millisecond. */
  milliseconds(name: string, fallback: number, { min = 0, max = TIMER_MAX_MS } = {}): number {
    return this.integer(name, fallback, { min, max });
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'] as const, fallback ? 'true' : 'false') === 'true';
  }

  /** A text of the given form, which `hint` describes. */
  matching(name: string, pattern: RegExp, fallback: string, hint: string): string {
    const raw = this.string(name, fallback);
    if (pattern.test(raw)) return raw;
    this.reject(name, `must be ${hint}, got "${raw}"`);
    return fallback;
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const raw = this.raw(name);
    if (raw === undefined) return fallback;
    const found = allowed.find((candidate) => candidate === raw);
    if (found !== undefined) return found;
    this.reject(name, `must be one of ${allowed.join(', ')}, got "${raw}"`);
    return fallback;
  }

  /** A cron expression, seconds first and optional, or `off`. */
  cron(name: string, fallback: string): string {
    const raw = this.string(name, fallback);
    if (raw === 'off' || comesRound(raw)) return raw;
    this.reject(
      name,
      `must be off or a cron expression ("seconds minutes hours days months weekdays") of days that exist, got "${raw}"`,
    );
    return fallback;
  }

  /** Some of the allowed values, comma-separated; all of them when it is not set. */
  someOf<const T extends string>(name: string, allowed: readonly T[]): T[] {
    const wanted = this.list(name);
    const unknown = wanted.filter((value) => !allowed.some((candidate) => candidate === value));
    if (unknown.length > 0) this.reject(name, `must list some of ${allowed.join(', ')}, got "${unknown.join(', ')}"`);
    return wanted.length === 0 ? [...allowed] : allowed.filter((value) => wanted.includes(value));
  }

  /** Comma-separated values, without blanks. */
  list(name: string): string[] {
    return splitList(this.raw(name));
  }

  /** Addresses and CIDR ranges. A number of hops is refused: it would let anyone choose the address they come from. */
  addresses(name: string): string[] {
    const values = this.list(name);
    const wrong = values.filter((value) => !isAddressRange(value));
    if (wrong.length > 0) this.reject(name, `must list IP addresses or CIDR ranges, got "${wrong.join(', ')}"`);
    return values;
  }

  /** Servers as `host` or `host:port`, an IPv6 address in brackets. */
  servers(name: string, defaultPort: number): { host: string; port: number }[] {
    const values = this.list(name);
    const servers = values.flatMap((value) => serverOf(value, defaultPort) ?? []);
    if (servers.length < values.length)
      this.reject(name, `must list servers such as host:${defaultPort}, got "${values.join(', ')}"`);
    return servers;
  }

  /** Web origins, such as `https://shop.example`. */
  origins(name: string): string[] {
    const values = this.list(name);
    const wrong = values.filter((value) => !/^https?:\/\/[^/\s*]+$/.test(value));
    if (wrong.length > 0)
      this.reject(name, `must list origins such as https://shop.example, got "${wrong.join(', ')}"`);
    return values;
  }

  /**
   * A value that must not be printed; also read from the file named by `<NAME>_FILE`. Who sets that wants the secret to
   * count: no file, or nothing in it, must not pass for a service that was meant to have none.
   */
  secret(name: string): string {
    const path = this.env[`${name}_FILE`]?.trim();
    if (path === undefined) return this.raw(name) ?? '';
    const text = path === '' ? '' : this.fileText(`${name}_FILE`, path);
    if (text === '')
      this.reject(`${name}_FILE`, path === '' ? 'is set, but names no file' : 'names a file that is empty');
    return text ?? '';
  }

  /** Null, and a problem, where it can't be read. */
  private fileText(name: string, path: string): string | null {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      this.reject(name, 'names a file that can not be read');
      return null;
    }
  }

  /** Comma-separated secrets, all of them valid at once, so that they can be rotated. */
  secretList(name: string): string[] {
    return splitList(this.secret(name));
  }

  reject(name: string, problem: string): void {
    this.problems.push(`${name} ${problem}`);
  }

  finish(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  private raw(name: string): string | undefined {
    const value = this.env[name]?.trim();
    return value === '' ? undefined : value;
  }
}

/** Whether the time that a cron expression names ever comes: the 30th of February does not. */
function comesRound(expression: string): boolean {
  if (!validateCronExpression(expression).valid) return false;
  try {
    new CronTime(expression, 'UTC').sendAt();
    return true;
  } catch {
    return false;
  }
}

function serverOf(value: string, defaultPort: number): { host: string; port: number } | null {
  const [, ipv6, name, given] = /^(?:\[([0-9a-fA-F:]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const host = ipv6 ?? name;
  const port = Number(given ?? defaultPort);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

function isAddressRange(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

function splitList(raw: string | undefined): string[] {
  return (raw ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
