import Foundation
import Store

@testable import Serving

/// A folder for a durable registry that goes with this object.
final class DataFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("callpath-data-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Opens the registry that the folder holds, once nobody else has it open.
    func open(
        _ options: ServingOptions = ServingOptions(),
        disk: any Disk = SystemDisk(),
        maxBytes: Int = 0
    ) throws -> Registry {
        var opened = openStore(disk, maxBytes)
        while case .failure(.inUse) = opened {
            // The registry before this one is about to let go.
            usleep(1_000)
            opened = openStore(disk, maxBytes)
        }
        return try Registry(options: options, store: opened.get())
    }

    private func openStore(_ disk: any Disk, _ maxBytes: Int) -> Result<Store, StoreError> {
        do throws(StoreError) {
            return .success(try Store(path: path, disk: disk, maxBytes: maxBytes))
        } catch { return .failure(error) }
    }

    /// Runs `body` with the registry that the folder holds.
    func use<Result>(
        _ options: ServingOptions = ServingOptions(),
        disk: any Disk = SystemDisk(),
        maxBytes: Int = 0,
        _ body: (Registry) async throws -> Result
    ) async throws -> Result {
        let registry = try open(options, disk: disk, maxBytes: maxBytes)
        let result = try await body(registry)
        try await registry.betweenChanges {}
        return result
    }

    /// The paths of the files of large tensors.
    func blobs() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(path)/blobs")
            .filter { $0.split(separator: "/").count == 2 }
            .map { "\(path)/blobs/\($0)" }
    }
}
