package import JSON
package import OrderedCollections
package import Tensors

/// Reads a state dictionary: an object of tensors.
package enum StateDictReader {
    /// Reads the next value; `listDType` says what a bare list under a key holds.
    package static func entries(
        _ reader: inout JSONReader,
        listDType: (String) -> JSONTensorReader.ListDType
    ) throws -> OrderedDictionary<String, Tensor> {
        var entries: OrderedDictionary<String, Tensor> = [:]
        try reader.beginObject()
        while let key = try reader.nextKey() {
            entries[key] = try JSONTensorReader(listDType: listDType(key)).read(&reader)
        }
        return entries
    }
}
