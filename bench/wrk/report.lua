-- What every script reports when it is done: one line of JSON, read by load.mjs. The generator's CPU time is
-- taken from /proc here, because it is gone once the process has ended.

local report = { threads = {} }

function report.setup(thread)
  table.insert(report.threads, thread)
end

-- The sum of a global counter over all threads.
function report.total(name)
  local sum = 0
  for _, thread in ipairs(report.threads) do sum = sum + (thread:get(name) or 0) end
  return sum
end

local function cpu_ticks()
  local file = io.open('/proc/self/stat')
  if not file then return 0 end
  local fields = {}
  for field in file:read('*a'):match('%) (.*)'):gmatch('%S+') do table.insert(fields, field) end
  file:close()
  return fields[12] + fields[13]
end

function report.print(summary, latency, counted)
  local errors = summary.errors
  io.write(string.format(
    'REPORT {"requests":%d,"micros":%d,"bytes":%d,"refused":%d,"broken":%d,"timeouts":%d,' ..
    '"p50":%d,"p99":%d,"max":%d,"cpuTicks":%d,"counted":%d}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max, cpu_ticks(), counted or 0))
end

return report
