public import NIOCore

/// Which addresses belong to nobody in particular: private networks, this machine, this link.
public enum AddressRule {
    /// Whether an endpoint that is to be a public one may not be there (RFC 6890 and what came after it).
    public static func isPrivate(_ address: SocketAddress?) -> Bool {
        guard let address else { return true }
        // Behind family and port, and in IPv6 the flow's label: as every system has it.
        let bytes = address.withSockAddr { pointer, size in Array(UnsafeRawBufferPointer(start: pointer, count: size)) }
        switch address {
        case .v4: return bytes.count < 8 || isPrivate(v4: Array(bytes[4..<8]))
        case .v6: return bytes.count < 24 || isPrivate(v6: Array(bytes[8..<24]))
        // A socket of this machine.
        case .unixDomainSocket: return true
        }
    }

    private static func isPrivate(v4 bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1]) {
        case (0, _), (10, _), (127, _), (172, 16...31), (192, 168), (169, 254): true
        // Carrier-grade NAT; protocol assignments; benchmarks.
        case (100, 64...127), (198, 18...19): true
        case (192, 0): bytes[2] == 0
        // Multicast, reserved, broadcast.
        case (224..., _): true
        default: false
        }
    }

    private static func isPrivate(v6 bytes: [UInt8]) -> Bool {
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        // 64:ff9b::/96 reaches IPv4 through a gateway.
        let isTranslated = bytes[..<12].elementsEqual([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
        if isMapped || isTranslated { return isPrivate(v4: Array(bytes[12...])) }
        // ::, ::1 and the old IPv4-compatible ones.
        if bytes[..<12].allSatisfy({ $0 == 0 }) { return true }
        switch (bytes[0], bytes[1]) {
        // Unique local; link-local and site-local; multicast.
        case (0xFC...0xFD, _), (0xFE, 0x80...), (0xFF, _): return true
        default: return false
        }
    }
}
