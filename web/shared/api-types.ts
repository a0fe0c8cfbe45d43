// What the pages read of the API's answers, as docs/openapi.json has it: a field that changes there breaks their build.
import type { components } from '../../clients/typescript/src/openapi.js';

type Schemas = components['schemas'];

export type Product = Schemas['Product'];
export type Sale = Schemas['Sale'];
export type Payment = Schemas['Payment'];
export type Order = Schemas['HoldOrder'];
export type Hold = Schemas['HoldWithOrder'];

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}
