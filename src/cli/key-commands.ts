import { ApiKeysService } from '../access/api-keys.service.js';
import { CreateApiKeyDto, toApiKeyDto } from '../access/dto/api-key.dto.js';
import { actOfCli } from '../access/operator.js';
import type { Config } from '../config/config.js';
import { readAll } from '../http/page.js';
import type { Scope } from '../http/route-rules.js';
import { withServices } from './app-context.js';
import { print, printTable } from './output.js';
import { validated } from './validated.js';

/** What operators do with API keys from the command line: the first one is made here. */
export async function createKey(config: Config, wanted: { name: string; scopes: Scope[] }): Promise<void> {
  const dto = await validated(CreateApiKeyDto, wanted);
  const { row, key } = await withServices(config, (app) => app.get(ApiKeysService).createKey(actOfCli(), dto));
  print(`API key ${row.id} is made. It is shown once:`);
  print(key);
}

/** Prints all keys, oldest first. */
export async function listKeys(config: Config): Promise<void> {
  const keys = await withServices(config, (app) => readAll((page) => app.get(ApiKeysService).listKeys(page)));
  if (keys.length === 0) return print('There are no API keys.');
  printTable(keys.map(toApiKeyDto).map(({ scopes, ...key }) => ({ ...key, scopes: scopes.join(',') })));
}

export async function revokeKey(config: Config, id: number): Promise<void> {
  await withServices(config, (app) => app.get(ApiKeysService).revokeKey(actOfCli(), id));
  print(`API key ${id} is revoked.`);
}
