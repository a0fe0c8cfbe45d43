import { IsIn, IsString } from 'class-validator';
import type { Config } from '../../config/config.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, nullable } from '../../http/json-schema.js';
import { type Scope, SCOPES } from '../../http/route-rules.js';

export class SessionDto {
  /** Number of the API key; null for the admin token. */
  @Described(() => ({ type: ['integer', 'null'] }))
  key_id!: number | null;

  /** Name of the API key, as the audit log has it. */
  @IsString()
  name!: string;

  @IsIn(SCOPES, { each: true })
  scopes!: readonly Scope[];

  /** Of the service: what is for trials is shown where it is `local`. */
  @IsIn(['local', 'test', 'production'])
  environment!: Config['appEnv'];

  /** Null for a call with the key itself. */
  @Described(() => nullable(DATE_TIME))
  expires_at!: string | null;
}
