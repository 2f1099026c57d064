import COpenSSL

/// The certificate and its key that a client shows to a server that asks for one.
enum ClientIdentity {
    enum Outcome {
        case shown, isBad
        /// Nobody is there to be asked for a pass phrase.
        case isEncrypted
    }

    /// Has `session` show what the PEM file at `path` holds.
    static func show(_ path: String, in session: OpaquePointer) -> Outcome {
        var isEncrypted = false
        let isUsed = withUnsafeMutablePointer(to: &isEncrypted) { isEncrypted in
            SSL_set_default_passwd_cb(session) { _, _, _, isEncrypted in
                isEncrypted?.storeBytes(of: true, as: Bool.self)
                return -1
            }
            SSL_set_default_passwd_cb_userdata(session, isEncrypted)
            defer { SSL_set_default_passwd_cb_userdata(session, nil) }
            return SSL_use_certificate_chain_file(session, path) == 1
                && SSL_use_PrivateKey_file(session, path, SSL_FILETYPE_PEM) == 1
        }
        return isUsed ? .shown : isEncrypted ? .isEncrypted : .isBad
    }
}
