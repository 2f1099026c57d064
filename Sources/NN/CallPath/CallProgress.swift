import Tensors

/// How far a call with hooks has come.
struct CallProgress {
    /// The positional inputs once a hook may have changed them; before that, those given.
    var inputs: [Tensor]?
    var keywords: Arguments.Keywords?
    /// What there is when a hook after `forward` fails.
    var output: Tensor?
    var calledAlways: Set<HookID> = []

    init(keywords: Arguments.Keywords?) {
        self.keywords = keywords
    }

    /// Whether `hook` insists on being called and had no turn yet.
    func awaits(_ hook: Hook<ForwardBody>) -> Bool {
        hook.body.isAlwaysCalled && !calledAlways.contains(hook.id)
    }
}
