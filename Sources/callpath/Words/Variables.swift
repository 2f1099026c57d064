import CLinux

/// The environment.
enum Variables {
    /// What this process was started with.
    static let all: [String: String] = {
        var variables: [String: String] = [:]
        guard var place = clinux_variables() else { return [:] }
        while let variable = place.pointee {
            let halves = String(cString: variable).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            place += 1
            guard halves.count == 2, variables[String(halves[0])] == nil else { continue }
            variables[String(halves[0])] = String(halves[1])
        }
        return variables
    }()
}
