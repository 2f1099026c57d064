package import OrderedCollections
import Metrics
import Models
import NN
import Synchronization
package import Tensors

extension Registry {
    /// Calls a module.
    ///
    /// A small call runs where it is made and never waits; a large one is left for its turn of the compute queue.
    package func begin(_ moduleVersion: ModuleVersion, _ request: CallRequest) throws -> BegunCall {
        guard computeQueue.isSmall(request.inputs, request.named, for: moduleVersion) else {
            return .waiting(QueuedCall(moduleVersion: moduleVersion, request: request, registry: self))
        }
        return .done(try callHere(moduleVersion, request))
    }

    /// Calls a module, and waits for the result.
    package func call(_ moduleVersion: ModuleVersion, _ request: CallRequest) async throws -> CallResult {
        switch try begin(moduleVersion, request) {
        case .done(let result): result
        case .waiting(let call): try await call.result
        }
    }

    fileprivate func callInTurn(_ moduleVersion: ModuleVersion, _ request: CallRequest) async throws -> CallResult {
        let mode = PreparedCall.Mode.forward(recordsGradients: request.recordsGradients)
        let tracer = events.tracer(for: moduleVersion)
        let result = try await perform(moduleVersion, request, mode: mode, tracer: tracer).result
        publishTrace(tracer, of: moduleVersion)
        return result
    }

    /// Calls a module and records the call path.
    package func trace(_ moduleVersion: ModuleVersion, _ request: CallRequest) async throws -> TraceResult {
        let tracer = Tracer()
        let mode = PreparedCall.Mode.forward(recordsGradients: request.recordsGradients)
        let done = try await perform(moduleVersion, request, mode: mode, tracer: tracer)
        return TraceResult(call: done.result, events: tracer.events)
    }

    /// Calls a module, then goes backward from `gradOutput`, which an output of one element does not need.
    package func backward(
        _ moduleVersion: ModuleVersion,
        _ request: CallRequest,
        gradOutput: Tensor?,
        gradOutputs: OrderedDictionary<String, Tensor>? = nil
    ) async throws -> BackwardResult {
        let done = try await perform(
            moduleVersion,
            request,
            mode: .backward(gradOutputs: gradOutputs.map { .named($0) } ?? .only(gradOutput))
        )
        return BackwardResult(
            call: done.result,
            gradInputs: done.outcome.gradInputs,
            inputNames: moduleVersion.gradInputNames(request),
            gradients: done.outcome.gradients
        )
    }

    /// Calls a module where the caller is, without waiting; for small calls.
    private func callHere(_ moduleVersion: ModuleVersion, _ request: CallRequest) throws -> CallResult {
        moduleVersion.activity.begin()
        defer { moduleVersion.activity.end() }
        let start = ContinuousClock.now
        do {
            let mode = PreparedCall.Mode.forward(recordsGradients: request.recordsGradients)
            let tracer = events.tracer(for: moduleVersion)
            let call = try prepare(moduleVersion, request, mode: mode, tracer: tracer)
            let result = finished(try computeQueue.computeHere(call, deadline: request.deadline), call)
            publishTrace(tracer, of: moduleVersion)
            return result
        } catch {
            count(error, of: moduleVersion, after: start.duration(to: .now))
            throw error
        }
    }

    /// Tells those who listen to traces which path a call took.
    private func publishTrace(_ tracer: Tracer?, of moduleVersion: ModuleVersion) {
        guard let tracer else { return }
        events.publish(moduleVersion, module: "", .trace(tracer.events))
    }

    private func perform(
        _ moduleVersion: ModuleVersion,
        _ request: CallRequest,
        mode: PreparedCall.Mode,
        tracer: Tracer? = nil
    ) async throws -> (result: CallResult, outcome: PreparedCall.Outcome) {
        moduleVersion.activity.begin()
        defer { moduleVersion.activity.end() }
        let start = ContinuousClock.now
        do {
            let call = try prepare(moduleVersion, request, mode: mode, tracer: tracer)
            let done = try await computeQueue.compute(
                call,
                priority: request.priority,
                deadline: request.deadline,
                origin: request.origin
            )
            return (finished(done, call), done.outcome)
        } catch {
            count(error, of: moduleVersion, after: start.duration(to: .now))
            throw error
        }
    }

    /// Counts a call that gave an answer, and tells who listens.
    private func finished(_ done: ComputeQueue.Done, _ call: PreparedCall) -> CallResult {
        metrics.answered.increment()
        let result = result(of: done, call)
        events.publish(call.moduleVersion, module: "", .call(CallEvent(result, joined: done.joined)))
        return result
    }

    private func result(of done: ComputeQueue.Done, _ call: PreparedCall) -> CallResult {
        CallResult(
            outputs: done.outcome.outputs,
            version: call.moduleVersion.version,
            gradFunction: done.outcome.outputs.only?.gradFn.map { $0.name.text(call.moduleVersion.compatibility) },
            captures: call.scope?.captures ?? [],
            timing: done.timing,
            batchSize: done.rows
        )
    }

    private func count(_ error: any Error, of moduleVersion: ModuleVersion, after duration: Duration) {
        switch error {
        case is CancellationError: metrics.dropped.increment()
        case ServingError.overloaded, ServingError.deadlineExpired: metrics.refused.increment()
        default: metrics.failed.increment()
        }
        moduleVersion.callStatistics.recordFailure(after: duration)
        let event = CallEvent(shape: nil, dtype: nil, failed: true, nanoseconds: duration.wholeNanoseconds, joined: 1)
        events.publish(moduleVersion, module: "", .call(event))
    }

    // MARK: Hooks of the call

    private func prepare(
        _ moduleVersion: ModuleVersion,
        _ request: CallRequest,
        mode: PreparedCall.Mode,
        tracer: Tracer?
    ) throws(ServingError) -> PreparedCall {
        guard request.hooks.count <= limits.maxHooksPerCall else {
            throw .limitExceeded(
                .hooksPerCall,
                limit: limits.maxHooksPerCall,
                requested: request.hooks.count,
                at: ["hooks"]
            )
        }
        var hooks = CallHooks()
        for (index, description) in request.hooks.enumerated() {
            do throws(HookProblem) {
                try add(description, index, of: moduleVersion, mode: mode, to: &hooks)
            } catch {
                throw .hookRefused(HookProblem(error.fault, at: error.pointer, index: index))
            }
        }
        return PreparedCall(
            of: moduleVersion,
            request,
            mode: mode,
            hooks: hooks,
            tracer: tracer,
            globalHooks: state.withLock(\.globalSnapshot),
            limits: limits,
            heardBy: self
        )
    }

    private func add(
        _ description: HookDescription,
        _ index: Int,
        of moduleVersion: ModuleVersion,
        mode: PreparedCall.Mode,
        to hooks: inout CallHooks
    ) throws(HookProblem) {
        if case .forward = mode, description.kind.isBackward {
            throw HookProblem(.backwardInPlainCall(description.kind), at: ["kind"])
        }
        guard let place = moduleVersion.place(at: description.module) else {
            throw HookProblem(.unknownPath(description.module), at: ["module"])
        }
        let installation = HookInstallation(number: .call(index), program: try HookProgram(description))
        try installation.add(to: &hooks, on: place.module)
    }
}

/// A call that was made: a small one is done.
package enum BegunCall: Sendable {
    case done(CallResult)
    case waiting(QueuedCall)
}

/// A large call, before its turn.
package struct QueuedCall: Sendable {
    fileprivate let moduleVersion: ModuleVersion
    fileprivate let request: CallRequest
    fileprivate let registry: Registry

    /// Goes through the compute queue.
    package var result: CallResult {
        get async throws { try await registry.callInTurn(moduleVersion, request) }
    }
}

extension CallEvent {
    fileprivate init(_ result: CallResult, joined: Int) {
        let nanoseconds = (result.timing.queue + result.timing.compute).wholeNanoseconds
        self.init(
            shape: result.outputs.first.map { Array($0.shape) },
            dtype: result.outputs.first?.dtype,
            failed: false,
            nanoseconds: nanoseconds,
            joined: joined
        )
    }
}
