internal import FleetCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Reads a small file whole, with a bound.
enum FileBytes {
    /// - Throws: ``FleetError`` that names the path and what the system said, or that the file is over the limit.
    static func read(path: String, limit: ByteCount) throws(FleetError) -> [UInt8] {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw FleetError(.invalidInput, "the file's path is empty or contains a NUL")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit.value {
            let count = chunk.withUnsafeMutableBytes { unsafeRead(descriptor, $0) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
        throw FleetError(.invalidInput, "\(path) is larger than \(limit), the most that a fleet file may have")
    }

    private static func unsafeRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func failure(_ path: String) -> FleetError {
        FleetError(.missing, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
