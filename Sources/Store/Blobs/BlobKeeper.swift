/// Who keeps files that are named by what they hold.
package protocol BlobKeeper: AnyObject, Sendable {
    /// Keeps a file from being removed, whether it is there or not.
    func pin(_ blob: Digest)
    /// Takes one pin away.
    func unpin(_ blob: Digest)
    /// Opens a file to be read from its beginning to its end.
    func reader(of blob: Digest, byteCount: Int) throws(StoreError) -> BlobReader
    /// Remembers that a file does not hold what its name says.
    ///
    /// - Returns: Whether another reader may find better.
    func markDamaged(_ blob: Digest) -> Bool
}

extension BlobFolder: BlobKeeper {}
