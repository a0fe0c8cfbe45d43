-- GETs of the URL on the command line.

local report = dofile(debug.getinfo(1, 'S').source:match('@(.*/)') .. 'report.lua')
setup = report.setup

function done(summary, latency)
  report.print(summary, latency)
end
