public import Foundation

/// A pipe whose ends no process has but this one and whom they are given to.
///
/// An end of Foundation's `Pipe` is also inherited by what another thread starts at the same moment
/// (https://github.com/swiftlang/swift-corelibs-foundation/issues/5409): then nobody sees that it was closed, for as long as that
/// runs, which may be a server.
public struct PrivatePipe: Sendable {
    public let reading: FileHandle
    public let writing: FileHandle

    /// - Throws: where there is none to be had.
    public init() throws {
        // `pipe2` is not to be had in Swift: a named pipe is opened with the same flag, and then nobody finds it any more.
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-\(UUID().uuidString)").path
        guard mkfifo(path, 0o600) == 0 else { throw CheckFailure("no pipe at \(path): errno \(errno)") }
        defer { unlink(path) }
        let first = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let second = open(path, O_WRONLY | O_CLOEXEC)
        guard first >= 0, second >= 0, fcntl(first, F_SETFL, 0) == 0 else {
            throw CheckFailure("the pipe at \(path) cannot be opened: errno \(errno)")
        }
        reading = FileHandle(fileDescriptor: first, closeOnDealloc: true)
        writing = FileHandle(fileDescriptor: second, closeOnDealloc: true)
    }
}
