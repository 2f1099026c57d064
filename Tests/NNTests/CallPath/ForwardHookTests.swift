import Tensors
import Testing

@testable import NN

struct CallOrderTests {
    @Test("H01") func runsPreHookThenForwardThenHook() throws {
        let log = Log()
        let module = Scaling(log)
        module.registerForwardHook { _, _, _ in
            log.append("post"); return nil
        }
        module.registerForwardPreHook { _, _ in
            log.append("pre"); return nil
        }
        _ = try module(ones())
        #expect(log.all == ["pre", "forward", "post"])
    }
}
