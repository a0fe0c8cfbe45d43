export const SERVER_NEEDS: readonly string[];
export const TEST_NEEDS: readonly string[];
/** Where the library of a MariaDB cluster is on a Debian. */
export const GALERA: string;
/** The server that such a cluster consists of. */
export const CLUSTER_SERVER: string;
export const BENCH_NEEDS: readonly string[];

export interface PackageManager {
  readonly name: string;
  /** The line that installs, to which the packages are added. */
  readonly install: string;
}

/** What to run, for a person whose machine misses the needs; for the machine's own package manager unless told. */
export function installAdvice(missing: readonly string[], manager?: PackageManager | null): string;
