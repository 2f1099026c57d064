import HTTP
import HTTPTypes

/// A form in which this server answers or is asked.
package enum Representation: String, Sendable, CaseIterable {
    case json = "application/json"
    case text = "text/plain"
    case bytes = "application/octet-stream"
    case safetensors = "application/x-safetensors"
    case plainSafetensors = "application/safetensors"
    case events = "text/event-stream"
    case yaml = "application/yaml"
    case tar = "application/x-tar"
    case metrics = "text/plain; version=0.0.4"

    /// The value of `Content-Type`, with its charset where the type needs one.
    package var contentType: String {
        switch self {
        case .text: "text/plain; charset=utf-8"
        case .metrics: "text/plain; version=0.0.4; charset=utf-8"
        default: rawValue
        }
    }

    /// Whether it is a file of tensors by either name.
    package var isSafetensors: Bool { self == .safetensors || self == .plainSafetensors }

    /// Returns whether `octets` are the name of this form, with nothing more to them.
    func isNamed(_ octets: ArraySlice<UInt8>) -> Bool {
        octets.span.equals(string: rawValue)
    }

    /// Returns whether a `Content-Type` names this form; any type with the suffix `+json` is JSON (RFC 6839).
    func matches(_ type: MediaType) -> Bool {
        self == .json ? type.isJSON : type.essence == rawValue
    }
}

/// The forms that a resource can be had in, best first.
package struct Offer: Sendable {
    package static let json = Offer([.json])
    package static let document = Offer([.json, .text])
    package static let tensor = Offer([.json, .text, .bytes])
    package static let stateDict = Offer([.json, .safetensors, .plainSafetensors])
    package static let call = Offer([.json, .text, .bytes, .safetensors, .plainSafetensors])
    package static let events = Offer([.events])
    package static let tar = Offer([.tar])
    package static let metrics = Offer([.metrics, .text])
    package static let yaml = Offer([.yaml, .text])

    package let representations: [Representation]
    private let types: [MediaType]

    private init(_ representations: [Representation]) {
        self.representations = representations
        types = representations.compactMap { MediaType($0.contentType) }
    }

    /// Returns the form that a client likes best, or `nil` if it takes none.
    func best(for fields: RequestFields) -> Representation? {
        // Most clients take anything, or name one form and nothing else.
        if let accept = fields.onlyOctets(of: .accept) {
            if accept.span.equals("*/*") { return representations.first }
            if let named = representations.first(where: { $0.isNamed(accept) }) { return named }
        } else if !fields.contains(.accept) {
            return representations.first
        }
        let best = Accept(fields).best(of: types)?.description
        return zip(representations, types).first { $1.description == best }?.0
    }
}
