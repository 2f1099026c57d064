/// What one loop has done; plain integers, since only the loop counts.
struct LoopCounters {
    var requests = 0
    var receivedBytes = 0
    var sentBytes = 0
}
