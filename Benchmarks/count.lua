-- Prints wrk's counts as JSON, behind its own words.
function done(summary)
    local errors = summary.errors
    local count = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format('{"requests":%d,"microseconds":%d,"errors":%d}', summary.requests, summary.duration, count))
end
