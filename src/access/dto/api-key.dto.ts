import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { isoTime, isoTimeOrNull } from '../../database/sql.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, nullable } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import { type Scope, SCOPES } from '../../http/route-rules.js';
import { type ApiKeyRow, KEY_NAME_MAX } from '../api-keys.types.js';

/** A name that can be read in a list and in a log. */
const NAME_PATTERN = /^[^\p{Cc}\s][^\p{Cc}]*$/u;
const NAME_RULE = 'must be a text that begins with no blank and has no control characters';

@JSONSchema({ examples: [{ name: 'warehouse', scopes: ['read', 'products'] }] })
export class CreateApiKeyDto {
  /** Who uses it, for the list and the audit log. */
  @IsString()
  @Matches(NAME_PATTERN, { message: NAME_RULE })
  @MaxLength(KEY_NAME_MAX)
  name!: string;

  /** What it may do. */
  @IsArray()
  @IsIn(SCOPES, { each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(SCOPES.length)
  @ArrayUnique()
  scopes!: Scope[];
}

export class ApiKeyDto {
  @IsInt()
  id!: number;

  @IsString()
  name!: string;

  @IsIn(SCOPES, { each: true })
  scopes!: readonly Scope[];

  @Described(() => DATE_TIME)
  created_at!: string;

  /** To the minute. */
  @Described(() => nullable(DATE_TIME))
  last_used_at!: string | null;

  @Described(() => nullable(DATE_TIME))
  revoked_at!: string | null;
}

export class NewApiKeyDto extends ApiKeyDto {
  /** What is sent as `Authorization: Bearer …`. It is shown once. */
  @IsString()
  key!: string;
}

export class ApiKeyPageDto extends pageOf(ApiKeyDto) {}

export function toApiKeyDto({ id, name, scopes, createdAt, lastUsedAt, revokedAt }: ApiKeyRow): ApiKeyDto {
  return {
    id,
    name,
    scopes,
    created_at: isoTime(createdAt),
    last_used_at: isoTimeOrNull(lastUsedAt),
    revoked_at: isoTimeOrNull(revokedAt),
  };
}
