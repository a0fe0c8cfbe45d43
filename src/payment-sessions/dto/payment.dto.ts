import { IsIn, IsInt, IsOptional, IsString, MaxLength, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Described } from '../../http/described.decorator.js';
import { TEXT_OR_NULL } from '../../http/json-schema.js';
import type { SessionKind } from '../../payment-providers/payment-provider.js';
import { type Payment, PAYMENT_STATES, type PaymentState, type PaymentWish } from '../payment-sessions.types.js';

const SESSION_KINDS: readonly SessionKind[] = ['intent', 'checkout'];

/** How the buyer is to pay. Without it the shop makes the payment at its provider by itself. */
export class PaymentWishDto {
  /** A provider that makes sessions here, such as `stripe`. */
  @IsString()
  @MaxLength(20)
  provider!: string;

  /** `intent`: by a form of the shop's own; `checkout`: on a page of the provider's. */
  @IsIn(SESSION_KINDS as SessionKind[])
  kind!: SessionKind;

  /** Where that page sends the buyer afterwards: of an origin in PAYMENT_RETURN_ORIGINS. */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  @JSONSchema({ type: ['string', 'null'] as never })
  return_url?: string | null;
}

/** What a buyer pays by. */
export class PaymentDto {
  @IsIn(PAYMENT_STATES as PaymentState[])
  state!: PaymentState;

  /** For the form of the shop's own, while it is `open`. */
  @Described(() => TEXT_OR_NULL)
  client_secret!: string | null;

  /** The page of the provider's, while it is `open`. */
  @Described(() => TEXT_OR_NULL)
  url!: string | null;

  /** Tries that were declined: the units stay until the deadline. */
  @IsInt()
  @Min(0)
  attempts!: number;

  /** Why the last one was, as the provider calls it; `provider_unavailable` or `session_refused` while there is no session. */
  @Described(() => TEXT_OR_NULL)
  last_error!: string | null;
}

export function toPaymentWish({ provider, kind, return_url = null }: PaymentWishDto): PaymentWish {
  return { provider, kind, returnUrl: return_url };
}

export function toPaymentDto({ state, clientSecret, url, attempts, lastError }: Payment): PaymentDto {
  const isOpen = state === 'open';
  return {
    state,
    client_secret: isOpen ? clientSecret : null,
    url: isOpen ? url : null,
    attempts,
    last_error: lastError,
  };
}
