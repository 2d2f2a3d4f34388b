-- Asks for the addresses of a file in turn, each with its own cookie, and counts the answers by their status.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  whole, counted, samples = {}, {}, {}
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local head, mark, tail, cookie = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
    local headers = { Host = "127.0.0.1", Cookie = cookie, ["HX-Request"] = "true", Accept = "*/*" }
    table.insert(whole, wrk.format("GET", head .. mark .. tail, headers))
  end
  math.randomseed(os.time())
  turn = math.random(#whole)
end

function request()
  turn = turn % #whole + 1
  return whole[turn]
end

function response(status, headers, body)
  counted[status] = (counted[status] or 0) + 1
  if counted[status] == 1 then
    samples[status] = body:sub(1, 300):gsub('[%c"\\]', " ")
  end
end

function done(summary, latency)
  local told, seen = {}, {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("counted")) do
      table.insert(told, string.format('"%d": %d', status, count))
      table.insert(seen, string.format('"%d": "%s"', status, thread:get("samples")[status]))
    end
  end
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  local figures = '\n{"polls": %d, "seconds": %.6f, "failed": %d, "p50": %.3f, "p99": %.3f, '
  io.write(string.format(
    figures .. '"statuses": {%s}, "samples": {%s}}\n',
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    table.concat(told, ", "), table.concat(seen, ", ")))
end
