-- Holds of the products first..last in turn, each with the next token of a file, and once all were sent from its begin
-- again. The requests are made before the first is sent, so that they cost as little to send as those without a token. It
-- begins anywhere in the file, so that rounds that are short reach all of its customers.
--   arguments: <first> <last> <file with a token a line>

local here = debug.getinfo(1, 'S').source:match('@(.*/)')
local report = dofile(here .. 'report.lua')
setup = report.setup

local requests, start = {}, 0
sent = 0

function init(args)
  local first, last = tonumber(args[1]), tonumber(args[2])
  local headers = { ['Content-Type'] = 'application/json' }
  for token in io.lines(args[3]) do
    local product = first + #requests % (last - first + 1)
    headers['Authorization'] = 'Bearer ' .. token
    local body = string.format('{"product_id":%d,"quantity":1}', product)
    table.insert(requests, wrk.format('POST', '/api/holds', headers, body))
  end
  math.randomseed(os.time())
  start = math.random(#requests)
end

request = function()
  sent = sent + 1
  return requests[(start + sent) % #requests + 1]
end

function done(summary, latency)
  report.print(summary, latency, report.total('sent'))
end
