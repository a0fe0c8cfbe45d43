-- Whole checkouts: a hold, an order of that hold, a paid notice for that order, signed as Standard Webhooks 1.0.0
-- says. Each answer decides what is sent next: wrk asks for a connection's next request right after it gave us
-- the answer, so a queue of next steps keeps each checkout in sequence.
-- arguments: <product> <secret as text> [<payment that each order asks for, as JSON>]

local here = debug.getinfo(1, 'S').source:match('@(.*/)')
local report = dofile(here .. 'report.lua')
local signing = dofile(here .. 'signing.lua')
setup = report.setup

local secret, hold_request, payment
local steps, first_step, next_step = {}, 1, 1
local run_id
local notices_sent = 0
notices_applied = 0

local json = { ['Content-Type'] = 'application/json' }

function init(args)
  secret = args[2]
  payment = args[3] and ',"payment":' .. args[3] or ''
  -- Transaction ids of two runs must differ: the same key would be a duplicate.
  run_id = string.format('%d-%s', os.time(), tostring(steps):match('0x(%x+)'))
  local body = string.format('{"product_id":%d,"quantity":1}', tonumber(args[1]))
  hold_request = wrk.format('POST', '/api/holds', json, body)
end

local function order_request(hold_id)
  return wrk.format('POST', '/api/orders', json, '{"hold_id":"' .. hold_id .. '"' .. payment .. '}')
end

local function notice_request(order_id)
  notices_sent = notices_sent + 1
  return signing.notice_request(secret, order_id, run_id .. '-' .. notices_sent)
end

request = function()
  if first_step == next_step then return hold_request end
  local step = steps[first_step]
  steps[first_step] = nil
  first_step = first_step + 1
  return step
end

local function push(step)
  steps[next_step] = step
  next_step = next_step + 1
end

response = function(status, _, body)
  if status == 201 then
    local order_id = body:match('"order_id":(%d+)')
    if order_id then push(notice_request(order_id)) else push(order_request(body:match('"hold_id":"([^"]+)"'))) end
  elseif status == 200 and body:find('"applied"', 1, true) then
    notices_applied = notices_applied + 1
  end
end

function done(summary, latency)
  report.print(summary, latency, report.total('notices_applied'))
end
