import type { DatabaseServer } from '../servers.mjs';

export function startCluster(options: {
  size?: number;
  waitUntilSynced(node: DatabaseServer): Promise<void>;
  log?: (line: string) => void;
}): Promise<{ nodes: DatabaseServer[]; stop(): Promise<void> }>;
