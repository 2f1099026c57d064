/// How far a call with hooks has come.
struct CallProgress {
    /// The arguments as the hooks so far have left them.
    var arguments: Arguments
    /// What there is when a hook after `forward` fails.
    var output: Value?
    var calledAlways: Set<HookID> = []

    init(_ given: Arguments) {
        arguments = given
    }

    /// Whether `hook` insists on being called and had no turn yet.
    func awaits(_ hook: Hook<ForwardBody>) -> Bool {
        hook.body.isAlwaysCalled && !calledAlways.contains(hook.id)
    }
}
