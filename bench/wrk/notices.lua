-- Signed paid notices, one for each order from <first> on.   arguments: <secret as text> <first>

local here = debug.getinfo(1, 'S').source:match('@(.*/)')
local report = dofile(here .. 'report.lua')
local signing = dofile(here .. 'signing.lua')
setup = report.setup

local secret, order_id
sent = 0

function init(args)
  secret = args[1]
  order_id = tonumber(args[2]) - 1
end

request = function()
  order_id = order_id + 1
  sent = sent + 1
  return signing.notice_request(secret, tostring(order_id), 'notice-' .. order_id)
end

function done(summary, latency)
  report.print(summary, latency, report.total('sent'))
end
