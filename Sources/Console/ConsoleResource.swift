import CConsole
import HTTP
import HTTPTypes
import Synchronization
package import Web

/// The console: a page that shows the modules and the path of their calls, its two other files, and where `/docs` leads.
package struct ConsoleResource: Sendable {
    /// What a page may do that shows names and values of others: run this program, and ask this server.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
        """

    private let page = StaticContent(console_page, type: "text/html; charset=utf-8", policy: policy)
    private let style = StaticContent(console_style, type: "text/css; charset=utf-8", policy: policy)
    private let program = StaticContent(console_program, type: "text/javascript; charset=utf-8", policy: policy)

    package init() {}

    package var routes: [Route] {
        [
            file("/console", "console", page),
            file("/console/console.css", "consoleStyle", style),
            file("/console/console.js", "consoleProgram", program),
            // Relative, so that they hold behind a path prefix too.
            redirect("/console/", "consoleFolder", to: "../console"),
            redirect("/docs", "documents", to: "console#reference"),
        ]
    }

    private func file(_ path: String, _ operation: String, _ content: StaticContent) -> Route {
        Route(.get, path, operation, scope: .open, query: nil, statuses: [200, 304, 412]) { exchange in
            try content.response(to: exchange)
        }
    }

    private func redirect(_ path: String, _ operation: String, to location: String) -> Route {
        Route(.get, path, operation, scope: .open, query: nil, statuses: [303]) { _ in
            Response(status: .seeOther, fields: [.location: location, .cacheControl: "no-cache"])
        }
    }
}

/// A file that is built into the binary, and the same under gzip once somebody wants it.
final class StaticContent: Sendable {
    private let tag: EntityTag
    private let plain: Response
    /// Made late, since a start has no milliseconds for a page that may never be opened.
    private let coded = Mutex<Response?>(nil)

    init(_ file: console_file, type: String, policy: String) {
        let bytes = [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.size))
        tag = EntityTag(hashing: bytes)
        var fields: ResponseFields = [
            .contentType: type, .eTag: tag.description, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: policy, .referrerPolicy: "no-referrer",
            .crossOriginOpenerPolicy: "same-origin",
        ]
        fields.varyByCoding()
        plain = Response(status: .ok, fields: fields, body: .bytes(bytes))
    }

    /// Returns the file, in the coding that the client likes, or that it holds it already.
    func response(to exchange: Exchange) throws -> Response {
        if let notModified = try exchange.notModified(tag) { return notModified }
        guard AcceptEncoding(exchange.request.fields).preferred == .gzip else { return plain }
        return coded.withLock { coded in
            let response = coded ?? plain.coded(.gzip)
            coded = response
            return response
        }
    }
}

extension HTTPField.Name {
    static let contentSecurityPolicy = constant("Content-Security-Policy")
    static let referrerPolicy = constant("Referrer-Policy")
    static let crossOriginOpenerPolicy = constant("Cross-Origin-Opener-Policy")
}
