/// Octets that somebody else owns, kept alive and unchanged for as long as this value lives.
///
/// Unchecked: `buffer` is only read, and whoever makes the value promises that `owner` keeps it alive and unchanged.
package struct SharedBytes: @unchecked Sendable {
    /// What keeps the octets alive.
    package let owner: any AnyObject & Sendable
    /// The octets.
    package let buffer: UnsafeRawBufferPointer

    /// Creates a view of `buffer`, which must stay as it is while `owner` lives.
    package init(owner: any AnyObject & Sendable, buffer: UnsafeRawBufferPointer) {
        self.owner = owner
        self.buffer = buffer
    }
}
