-- What wrk puts: the weight of one of so many modules after another. Prints its summary as one line of JSON.
--     wrk ... -s put.lua URL -- COUNT BODY [FIRST]
local next = 0

function init(args)
    count, body = tonumber(args[1]), args[2]
    local first = tonumber(args[3] or 0)
    requests = {}
    for index = 0, count - 1 do
        requests[index] = wrk.format("PUT", "/v1/modules/m" .. first + index .. "/weight", {["Content-Type"] = "application/json"}, body)
    end
end

function request()
    next = (next + 1) % count
    return requests[next]
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '{"requests": %d, "microseconds": %d, "p50": %d, "p90": %d, "p99": %d, "errors": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
