// Which database a command of the CLI means. A wrong guess is worse than none here: an audit of an empty private database
// finds no drift, and `reset` deletes whatever it is pointed at.

const ADDRESS = ['DB_HOST', 'DB_PORT', 'DB_DATABASE'];
const DEFAULTS = { DB_PORT: '3306', DB_DATABASE: 'checkout' };
/** They belong to a server with a name: private servers make up their own. */
const OF_A_NAMED_SERVER = ['DB_PORT', 'DB_USERNAME', 'DB_PASSWORD', 'DB_PASSWORD_FILE', 'DB_TLS', 'DB_TLS_CA_FILE'];

const addressOf = (env) => ADDRESS.map((name) => env[name] || DEFAULTS[name]);
const isSame = (env, other) => addressOf(env).join() === addressOf(other).join();

/** @throws Error where a private database would be taken for the one that somebody means */
function refuseToGuess(env, service) {
  const given = OF_A_NAMED_SERVER.filter((name) => env[name]);
  if (given.length > 0)
    throw new Error(`${given.join(', ')} is set, but DB_HOST is not: set DB_HOST to the server that is meant.`);
  if (env.APP_ENV === 'production' && service?.env.APP_ENV !== 'production')
    throw new Error('APP_ENV is production, and DB_HOST is not set: set it to the server that is meant.');
}

/**
 * @param {{ env: Record<string, string | undefined>, service: { url: string, env: Record<string, string> } | null }} of
 *   the environment with what .env adds to it, and the service that is running in this checkout
 * @returns {{ from: 'environment' | 'service' | 'private', line: string }}
 */
export function chooseDatabase({ env, service }) {
  if (env.DB_HOST) {
    const [host, port, name] = addressOf(env);
    if (service && isSame(env, service.env)) return { from: 'service', line: lineOfService(env, service) };
    if (env.APP_ENV === 'production' && !env.REDIS_HOST && !env.REDIS_SENTINELS)
      throw new Error(
        'APP_ENV is production, and REDIS_HOST is not set: set it to the server that belongs to DB_HOST.',
      );
    return { from: 'environment', line: `Database: ${name} at ${host}:${port} (DB_HOST)` };
  }
  refuseToGuess(env, service);
  if (service) return { from: 'service', line: lineOfService(env, service) };
  return { from: 'private', line: `Database: ${env.DB_DATABASE || DEFAULTS.DB_DATABASE}, private to this checkout` };
}

function lineOfService(env, service) {
  const [host, port, name] = addressOf({ ...service.env, ...(env.DB_DATABASE && { DB_DATABASE: env.DB_DATABASE }) });
  return `Database: ${name} at ${host}:${port}, of the service that is running at ${service.url}`;
}
