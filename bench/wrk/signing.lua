-- Signs payment notices as Standard Webhooks 1.0.0 says. wrk is linked with OpenSSL, whose functions are visible
-- to us; signing in Lua would cost more than the sending.

local ffi = require('ffi')

ffi.cdef [[
  const void *EVP_sha256(void);
  unsigned char *HMAC(const void *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned int *);
  int EVP_EncodeBlock(unsigned char *, const unsigned char *, int);
]]
local crypto = ffi.C
local digest, digest_length = ffi.new('unsigned char[32]'), ffi.new('unsigned int[1]')
local encoded = ffi.new('unsigned char[64]')

local signing = {}

local function sign(secret, text)
  crypto.HMAC(crypto.EVP_sha256(), secret, #secret, text, #text, digest, digest_length)
  return ffi.string(encoded, crypto.EVP_EncodeBlock(encoded, digest, 32))
end

-- The request of a paid notice; `id` must be new for each.
function signing.notice_request(secret, order_id, id)
  local now = tostring(os.time())
  local body = string.format('{"order_id":%s,"status":"success","transaction_id":"%s"}', order_id, id)
  return wrk.format('POST', '/api/payments/webhook', {
    ['Content-Type'] = 'application/json',
    ['webhook-id'] = id,
    ['webhook-timestamp'] = now,
    ['webhook-signature'] = 'v1,' .. sign(secret, id .. '.' .. now .. '.' .. body),
  }, body)
end

return signing
