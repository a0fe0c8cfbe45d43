import { hash } from 'node:crypto';

const FORM = /^([1-9][0-9]{0,14})-[a-z2-7]{16}$/;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** 80 bits: nobody comes upon one by chance, and it fits into any provider's metadata. */
const HASH_BYTES = 10;

/**
 * The text by which a provider that others use too says which order a payment is for: the order's number and 16
 * characters (base32 of RFC 4648, lower case) of the SHA-256 over its hold's id. Nothing of it is stored, and a number
 * that a restored database gives out again gets another one.
 */
export function paymentReferenceOf(orderId: number, holdId: string): string {
  const id = Buffer.from(holdId.replaceAll('-', ''), 'hex');
  return `${orderId}-${base32(hash('sha256', id, 'buffer').subarray(0, HASH_BYTES))}`;
}

/** The number of the order that a reference names; null for what is no reference. */
export function orderIdOfReference(reference: unknown): number | null {
  const [, number] = typeof reference === 'string' ? (FORM.exec(reference) ?? []) : [];
  return number === undefined ? null : Number(number);
}

/** For bytes that make whole groups of five bits. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let left = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (left += 8; left >= 5;) text += BASE32[(bits >> (left -= 5)) & 31]!;
  }
  return text;
}
