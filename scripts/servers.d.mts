export interface ServerOptions {
  /** Folder of the server's data, password, log and socket; made if missing, kept between starts. */
  dir: string;
  /** Default: the port of the last start in this folder if it is free, else any free port. */
  port?: number;
  /** Added last to the server's command line, so they win over the defaults. */
  flags?: string[];
  log?: (line: string) => void;
}

export interface PrivateServer {
  readonly label: string;
  readonly dir: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly logFile: string;
  /** 0 when stopped; another one after `restart()`. */
  readonly pid: number;
  readonly isRunning: boolean;
  /** Clean stop: SIGTERM, SIGKILL after 30 s. Resolves when the process is gone. */
  stop(): Promise<void>;
  /** Signals the server's process group at once; SIGKILL if not told otherwise. */
  kill(signal?: NodeJS.Signals): void;
  /** Resolves once a killed server is gone. */
  gone(): Promise<void>;
  /** Stops what still runs, then starts again on the same port and data; resolves when it answers. */
  restart(): Promise<void>;
}

export interface DatabaseServer extends PrivateServer {
  readonly kind: 'database';
  readonly engine: 'mariadb' | 'mysql';
  readonly username: string;
  readonly password: string;
  readonly socket: string;
}

export interface RedisServer extends PrivateServer {
  readonly kind: 'redis';
}

export interface DatabaseOptions extends ServerOptions {
  /** The server program to run. Default: `mariadbd`, else `mysqld`, of this machine. */
  binary?: string;
}

export function startDatabase(options: DatabaseOptions): Promise<DatabaseServer>;
export function startRedis(options: ServerOptions): Promise<RedisServer>;

export interface EnsuredServers {
  /** DB_HOST, DB_PORT, DB_USERNAME, DB_PASSWORD, REDIS_HOST, REDIS_PORT, as far as they are known. */
  env: Record<string, string>;
  /** One sentence for each server: what it is and where. */
  where: string[];
  stop(): Promise<void>;
}

export function ensureServers(options: {
  dir: string;
  env?: Record<string, string | undefined>;
  log?: (line: string) => void;
  databaseFlags?: string[];
}): Promise<EnsuredServers>;
