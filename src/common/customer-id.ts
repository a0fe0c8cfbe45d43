/** How a shop names a customer to us, and what limits count by: opaque, compared exactly, never a name or an address. */
export const CUSTOMER_ID = /^[\x21-\x7e]{1,128}$/;

/** What {@link CUSTOMER_ID} asks for. */
export const CUSTOMER_ID_RULE = 'must be 1 to 128 visible ASCII characters without blanks';
