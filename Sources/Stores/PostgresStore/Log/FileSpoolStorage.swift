#if Postgres
    import FleetCore
    import Foundation
    import PGOutput

    /// Keeps transactions in progress in files of a directory. The files have no names: they go with the process, however
    /// that ends.
    struct FileSpoolStorage: SpoolStorage {
        let directory: String
        private var files: [SpoolID: SpoolFile] = [:]

        init(directory: String) { self.directory = directory }

        mutating func append(_ bytes: RawSpan, to spool: SpoolID) throws {
            let file = try files[spool] ?? SpoolFile(in: directory)
            files[spool] = file
            try bytes.withUnsafeBytes { try file.append($0) }
        }

        mutating func read(_ spool: SpoolID, at offset: Int, count: Int, onto buffer: inout [UInt8]) throws {
            guard let file = files[spool] else { throw FleetError(.bug, "spool \(spool) was never written") }
            try file.read(at: offset, count: count, onto: &buffer)
        }

        mutating func discard(_ spool: SpoolID) throws { files[spool] = nil }
    }

    /// An open file without a name.
    private final class SpoolFile: Sendable {
        private let descriptor: Int32
        private let directory: String

        init(in directory: String) throws {
            self.directory = directory
            try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let path = "\(directory)/spool-\(UUID().uuidString)"
            descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw Self.failure("a file for a large transaction cannot be made in \(directory)")
            }
            unlink(path)
        }

        deinit { close(descriptor) }

        func append(_ bytes: UnsafeRawBufferPointer) throws {
            var rest = bytes
            while !rest.isEmpty {
                let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Self.failure("a large transaction cannot be kept in \(directory)") }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }

        func read(at offset: Int, count: Int, onto buffer: inout [UInt8]) throws {
            let start = buffer.count
            buffer.append(contentsOf: repeatElement(0, count: count))
            var done = 0
            while done < count {
                let read = buffer.withUnsafeMutableBytes { bytes in
                    pread(
                        descriptor, bytes.baseAddress?.advanced(by: start + done), count - done, off_t(offset + done))
                }
                if read < 0, errno == EINTR { continue }
                guard read > 0 else { throw Self.failure("a large transaction cannot be read back from \(directory)") }
                done += read
            }
        }

        private static func failure(_ message: String) -> FleetError {
            let isFull = errno == ENOSPC || errno == EDQUOT
            return FleetError(
                isFull ? .full : .unavailable, message,
                remedy: isFull ? "make room there" : "check the directory and its permissions", isRetriable: true,
                underlying: String(cString: strerror(errno)))
        }
    }
#endif
