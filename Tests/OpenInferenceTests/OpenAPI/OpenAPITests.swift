import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import OpenInference

/// `openapi.yaml` and the server say the same.
struct OpenAPITests {
    private let openAPI: OpenAPI
    private let server = Server()

    init() throws {
        openAPI = try OpenAPI.carried
    }

    private func template(_ route: Route) -> String {
        route.template.description.replacing("...", with: "")
    }

    @Test func saysTheSameAsJSON() throws {
        #expect(try JSONValue(parsing: OpenAPIDocument.json().bytes) == openAPI.document, "run script/openapi")
    }

    @Test func hasThePathsAndMethodsOfTheRouter() {
        let described = openAPI.operations.map { "\($0.method) \($0.path) \($0.value["operationId"]?.asString ?? "")" }
        let routed = server.routes.map { "\($0.method) \(template($0)) \($0.operation)" }
        #expect(Set(described).symmetricDifference(routed) == [])
        #expect(described.count == routed.count)
    }

    @Test func hasTheStatusCodesOfTheRouter() throws {
        for route in server.routes {
            let operation = openAPI.operations.first { $0.path == template(route) && $0.method == route.method }
            let described = operation?.value["responses"]?.asObject?.keys ?? []
            let declared = route.statuses.map(String.init) + ["default"]
            #expect(Set(described).symmetricDifference(declared) == [], "\(route.operation)")
        }
    }

    @Test func demandsAKeyWhereTheRouterDoes() {
        for route in server.routes {
            let operation = openAPI.operations.first { $0.path == template(route) && $0.method == route.method }
            #expect((operation?.value["security"] == []) == (route.scope == .open), "\(route.operation)")
        }
    }

    @Test func namesTheParametersOfEachQuery() {
        for route in server.routes {
            let operation = openAPI.operations.first { $0.path == template(route) && $0.method == route.method }
            let parameters = (operation?.value["parameters"]?.asArray ?? []).compactMap(openAPI.resolved)
            let names = parameters.filter { $0["in"]?.asString == "query" }.compactMap { $0["name"]?.asString }
            #expect(names == route.query ?? [], "\(route.operation)")
        }
    }

    @Test func namesTheParametersOfEachPath() {
        for (path, item) in openAPI.document["paths"]?.asObject ?? JSONObject() {
            let parameters = (item["parameters"]?.asArray ?? []).compactMap(openAPI.resolved)
                .filter { $0["in"]?.asString == "path" }.compactMap { $0["name"]?.asString }
            #expect(parameters == PathTemplate(path).parameterNames, "\(path)")
        }
    }

    @Test func listsEveryProblemCode() {
        let described = openAPI.document["components"]?["schemas"]?["ProblemCode"]?["enum"]?.asArray?.compactMap(
            \.asString
        )
        #expect(Set(ProblemCode.allCases.map(\.rawValue)).subtracting(described ?? []) == [])
    }

    @Test func listsEveryDType() {
        #expect(openAPI.document["components"]?["schemas"]?["DType"]?["enum"]?.asArray?.count == 13)
    }

    @Test func hasTheVersionOfTheProgram() {
        #expect(openAPI.document["info"]?["version"]?.asString == ServerVersion.current)
        #expect(openAPI.document["openapi"] == "3.1.0")
    }

    @Test func resolvesEveryReference() {
        var broken: [String] = []
        func walk(_ value: JSONValue) {
            if let reference = value["$ref"]?.asString, openAPI.resolved(value) == nil { broken.append(reference) }
            for element in value.asArray ?? [] { walk(element) }
            for (_, member) in value.asObject ?? JSONObject() { walk(member) }
        }
        walk(openAPI.document)
        #expect(broken == [])
    }
}
