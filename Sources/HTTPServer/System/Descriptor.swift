import Glibc

/// A file descriptor with one owner, closed exactly once.
struct Descriptor: ~Copyable {
    /// The kernel's number; valid as long as this value lives.
    let number: Int32

    /// Takes over `number`, which nobody else may close.
    init(adopting number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }
}
