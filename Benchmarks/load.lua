-- What wrk sends: the body in a file, the same with every request. Prints its summary as one line of JSON.
--     wrk ... -s load.lua URL -- BODY_FILE "Name: value" ...
function init(args)
    local file = assert(io.open(args[1], "rb"))
    wrk.method, wrk.body = "POST", file:read("*a")
    file:close()
    for index = 2, #args do
        local name, value = args[index]:match("^(.-): (.*)$")
        wrk.headers[name] = value
    end
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '{"requests": %d, "microseconds": %d, "p50": %d, "p90": %d, "p99": %d, "errors": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
