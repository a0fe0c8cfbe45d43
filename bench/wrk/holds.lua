-- Holds of the products first..last, one unit each, in turn. One product is a fixed request, which costs wrk
-- nothing to make.   arguments: <first> [last]

local here = debug.getinfo(1, 'S').source:match('@(.*/)')
local report = dofile(here .. 'report.lua')
setup = report.setup

local requests, next_one = {}, 0

local function body(product)
  return string.format('{"product_id":%d,"quantity":1}', product)
end

wrk.method = 'POST'
wrk.headers['Content-Type'] = 'application/json'

function init(args)
  local first = tonumber(args[1])
  local last = tonumber(args[2] or args[1])
  wrk.body = body(first)
  if last == first then return end
  for product = first, last do table.insert(requests, wrk.format(nil, '/api/holds', nil, body(product))) end
  -- A step that shares no factor with their number visits all, and not neighbours together.
  request = function()
    next_one = (next_one + 7) % #requests
    return requests[next_one + 1]
  end
end

function done(summary, latency)
  report.print(summary, latency)
end
