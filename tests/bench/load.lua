-- Asks for the addresses of a file in turn, each with its own cookie, and counts the answers by their status.
-- BENCH_FOLLOW: each poll carries the mark that the last answer about that job gave, as its page would.
-- BENCH_EVERY: milliseconds between two polls of a connection, which then is one page; without it there is no pause.

local every = tonumber(os.getenv("BENCH_EVERY"))
local following = os.getenv("BENCH_FOLLOW") == "1"
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  whole, heads, tails, jobs, marks, counted, samples = {}, {}, {}, {}, {}, {}, {}
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local head, mark, tail, cookie = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
    local headers = { Host = "127.0.0.1", Cookie = cookie, ["HX-Request"] = "true", Accept = "*/*" }
    local request = wrk.format("GET", head .. mark .. tail, headers)
    table.insert(whole, request)
    table.insert(heads, "GET " .. head)
    table.insert(tails, request:sub(#heads[#heads] + #mark + 1))
    table.insert(jobs, head:match("(%x+%-%x+%-%x+%-%x+%-%x+)") or "")
    marks[jobs[#jobs]] = mark
  end
  math.randomseed(os.time())
  turn, waited = math.random(#whole), 0
end

function request()
  turn = turn % #whole + 1
  if following then
    return heads[turn] .. marks[jobs[turn]] .. tails[turn]
  end
  return whole[turn]
end

if every then
  function delay()
    waited = waited + 1
    return waited <= #whole and math.random(0, every) or every
  end
end

function response(status, headers, body)
  counted[status] = (counted[status] or 0) + 1
  if counted[status] == 1 then
    samples[status] = body:sub(1, 300):gsub('[%c"\\]', " ")
  end
  if following and status == 200 then
    local job, mark = body:match("(%x+%-%x+%-%x+%-%x+%-%x+)/fragment%?v=([%w%-]+)")
    if job then
      marks[job] = mark
    end
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
