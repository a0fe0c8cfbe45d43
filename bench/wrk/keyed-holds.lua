-- Holds of one product, each with an Idempotency-Key of its own.   arguments: <product> <prefix of the keys>

local here = debug.getinfo(1, 'S').source:match('@(.*/)')
local report = dofile(here .. 'report.lua')
setup = report.setup

local prefix, body
local sent = 0
local headers = { ['Content-Type'] = 'application/json' }

function init(args)
  body = string.format('{"product_id":%d,"quantity":1}', tonumber(args[1]))
  prefix = args[2]
end

request = function()
  sent = sent + 1
  headers['Idempotency-Key'] = prefix .. sent
  return wrk.format('POST', '/api/holds', headers, body)
end

function done(summary, latency)
  report.print(summary, latency)
end
