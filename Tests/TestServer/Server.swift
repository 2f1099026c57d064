import Console
package import HTTP
package import HTTPTypes
package import JSON
package import ModuleAPI
package import OpenInference
package import Serving
package import Testing
package import Web

/// The interface over a registry of its own, asked without a socket.
package struct Server {
    package let api: API
    package let inference: InferenceAPI
    package let interface: Interface
    package let handler: Handler
    private let router: Router

    package init(
        serving: ServingOptions = ServingOptions(),
        options: API.Options = API.Options(),
        inference: InferenceAPI.Options = InferenceAPI.Options(),
        readiness: Readiness = Readiness(),
        repository: ModelRepository = ModelRepository(),
        registry: Registry? = nil,
        accessLog: AccessLog? = nil
    ) {
        var options = options
        options.showsConsole = true
        api = API(
            registry: registry ?? Registry(options: serving, instance: Self.tag + "5f6071829a3b4c5d6e7f8090"),
            readiness: readiness,
            options: options,
            repository: repository,
            accessLog: accessLog
        )
        self.inference = InferenceAPI(api: api, options: inference)
        interface = self.inference.interface(Self.console)
        handler = interface.handler()
        router = Router(api.routes + self.inference.routes + Self.console)
    }

    /// What the tags of versions carry.
    package static let tag = "1a2b3c4d"

    /// All routes.
    package var routes: [Route] { api.routes + inference.routes + Self.console }

    private static let console = ConsoleResource().routes

    /// Sends a request with the fields that curl would send for it, and checks that its status is one that is declared.
    package func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: HTTPFields = [:],
        body: [UInt8] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> Received {
        let request = Request(method: method, target: target, fields: fields, body: body)
        let answer = Received(await handler(request).response)
        if case .route(let route) = router.resolve(method, path: request.pathOctets) {
            #expect(
                (route.statuses + Route.universalStatuses).contains(answer.status),
                "\(route.operation) does not declare \(answer.status)",
                sourceLocation: sourceLocation
            )
        }
        return answer
    }

    /// Sends JSON.
    package func json(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ json: String,
        _ fields: HTTPFields = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> Received {
        var fields = fields
        fields[.contentType] = "application/json"
        return await send(method, target, fields, body: Array(json.utf8), sourceLocation: sourceLocation)
    }

    /// Returns the answer to a GET, as text if wanted.
    package func get(_ target: String, as type: String? = nil, sourceLocation: SourceLocation = #_sourceLocation) async
        -> Received
    {
        await send(.get, target, type.map { [.accept: $0] } ?? [:], sourceLocation: sourceLocation)
    }

    /// Creates a module that the test cannot do without.
    package func create(_ description: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let answer = await json(.post, "/v1/modules", description, sourceLocation: sourceLocation)
        try #require(answer.status == 201, "\(answer.text)", sourceLocation: sourceLocation)
    }

    /// Creates `fc`, the layer of PyTorch's tutorial: 4 inputs, 3 outputs, no bias.
    package func createTutorialLayer() async throws {
        try await create(
            """
            {"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3, "bias": false,
             "state_dict": {"weight": [[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]}}
            """
        )
    }
}

/// An answer, its content read to the end.
package struct Received {
    package let status: Int
    package let fields: ResponseFields
    package let body: [UInt8]
    /// Whether the content comes over time; then `body` is empty.
    package let isStream: Bool

    package init(_ response: Response) {
        status = response.status.code
        fields = response.fields
        switch response.body {
        case .none: (body, isStream) = ([], false)
        case .bytes(let bytes): (body, isStream) = (bytes, false)
        case .shared(let shared): (body, isStream) = (Array(shared.buffer), false)
        case .stream: (body, isStream) = ([], true)
        }
    }

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The content as JSON; null if it is none.
    package var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// The member `code` of a problem document.
    package var code: String? { json["code"]?.asString }
    /// The member `detail` of a problem document.
    package var detail: String? { json["detail"]?.asString }
    /// The member `pointer` of a problem document.
    package var pointer: String? { json["pointer"]?.asString }
}
