import { createRequire } from 'node:module';
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as Pino, type LoggerOptions, pino } from 'pino';
import type { Config } from '../config/config.js';
import type { Tracing } from '../tracing/tracing.types.js';
import { LogOutput } from './log-output.js';

/** Fields that never reach a log line, wherever they come from. */
const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'token',
  'secret',
  'body',
  'rawBody',
  'sql',
  'parameters',
  'query',
];

/** Structured logs: JSON lines, or readable ones when a person watches a local start in a terminal. */
export function createLogger(
  config: Pick<Config, 'appEnv' | 'logLevel'>,
  destination?: DestinationStream,
  tracing: Tracing | null = null,
): PinoNestLogger {
  const isReadable = config.appEnv === 'local' && process.stdout.isTTY && hasPrettyPrinter();
  const options: LoggerOptions = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: publicError },
    ...(tracing && { mixin: () => tracing.activeFields() }),
    ...(isReadable && { transport: { target: 'pino-pretty', options: { translateTime: 'SYS:HH:MM:ss.l' } } }),
  };
  if (isReadable) return new PinoNestLogger(pino(options));
  return new PinoNestLogger(pino(options, destination ?? new LogOutput(process.stdout)));
}

/** An installation for production has none. */
function hasPrettyPrinter(): boolean {
  try {
    createRequire(import.meta.url).resolve('pino-pretty');
    return true;
  } catch {
    return false;
  }
}

/** Database servers quote the statement that they could not read. */
const QUOTED_SQL = /near '[^]*?' at line/g;

/** What an error tells of itself in a log: drivers hang the whole statement on theirs. */
function publicError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  const told = (text: string): string => text.replaceAll(QUOTED_SQL, 'near [redacted] at line');
  const publicStack = stack === undefined ? undefined : told(stack);
  return {
    name,
    message: told(message.slice(0, 500)),
    code,
    errno,
    stack: publicStack,
    cause: error.cause && publicError(error.cause),
  };
}

/** What Nest tells of its own construction: of interest only to who debugs it. */
const CONSTRUCTION: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** Nest's logger interface on pino. The last argument of Nest's calls is the context. */
export class PinoNestLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(CONSTRUCTION.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Ours: `logger.warn({ figures }, 'text')`. Nest's own: `logger.error('text', stack?)`. */
  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = rest.at(-1);
    if (typeof message === 'object' && message !== null) {
      this.pino[level]({ context, ...message }, String(rest[0]));
    } else {
      const stack = rest.length > 1 ? rest[0] : undefined;
      this.pino[level]({ context, stack }, String(message));
    }
  }
}
