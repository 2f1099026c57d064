import HTTP
import HTTPTypes
import JSON
import Serving
import Testing

@testable import API

/// The interface over a registry of its own, asked without a socket.
struct Server {
    let api: API
    private let handler: Handler
    private let router: Router

    init(
        serving: ServingOptions = ServingOptions(),
        options: API.Options = API.Options(),
        readiness: Readiness = Readiness(),
        repository: ModelRepository = ModelRepository()
    ) {
        api = API(
            registry: Registry(options: serving),
            readiness: readiness,
            options: options,
            repository: repository
        )
        handler = api.handler()
        router = Router(api.routes)
    }

    /// Sends a request with the fields that curl would send for it, and checks that its status is one that is declared.
    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: HTTPFields = [:],
        body: [UInt8] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> Answer {
        let request = Request(method: method, target: target, fields: fields, body: body)
        let answer = Answer(await handler(request).response)
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
    func json(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ json: String,
        _ fields: HTTPFields = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> Answer {
        var fields = fields
        fields[.contentType] = "application/json"
        return await send(method, target, fields, body: Array(json.utf8), sourceLocation: sourceLocation)
    }

    /// Returns the answer to a GET, as text if wanted.
    func get(_ target: String, as type: String? = nil, sourceLocation: SourceLocation = #_sourceLocation) async
        -> Answer
    {
        await send(.get, target, type.map { [.accept: $0] } ?? [:], sourceLocation: sourceLocation)
    }

    /// Creates a module that the test cannot do without.
    func create(_ description: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let answer = await json(.post, "/v1/modules", description, sourceLocation: sourceLocation)
        try #require(answer.status == 201, "\(answer.text)", sourceLocation: sourceLocation)
    }

    /// Creates `fc`, the layer of PyTorch's tutorial: 4 inputs, 3 outputs, no bias.
    func createTutorialLayer() async throws {
        try await create(
            """
            {"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3, "bias": false,
             "state_dict": {"weight": [[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]}}
            """
        )
    }
}

/// An answer, its content read to the end.
struct Answer {
    let status: Int
    let fields: ResponseFields
    let body: [UInt8]
    /// Whether the content comes over time; then `body` is empty.
    let isStream: Bool

    init(_ response: Response) {
        status = response.status.code
        fields = response.fields
        switch response.body {
        case .none: (body, isStream) = ([], false)
        case .bytes(let bytes): (body, isStream) = (bytes, false)
        case .shared(let shared): (body, isStream) = (Array(shared.buffer), false)
        case .stream: (body, isStream) = ([], true)
        }
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The content as JSON; null if it is none.
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// The member `code` of a problem document.
    var code: String? { json["code"]?.asString }
    /// The member `detail` of a problem document.
    var detail: String? { json["detail"]?.asString }
    /// The member `pointer` of a problem document.
    var pointer: String? { json["pointer"]?.asString }
}
