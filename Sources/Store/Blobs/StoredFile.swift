/// A file that is on the disk and stays there for as long as this is held.
package final class StoredFile: Sendable {
    package let digest: Digest
    private let blobs: any BlobKeeper

    package init(digest: Digest, blobs: any BlobKeeper) {
        self.digest = digest
        self.blobs = blobs
    }

    deinit { blobs.unpin(digest) }
}
