public import Foundation

extension Process {
    private static let starting = NSLock()

    /// Starts it, and nothing else of this process at the same moment.
    ///
    /// What starts meanwhile may inherit what is opened for this one alone, as `Process` closes no file atomically
    /// (https://github.com/swiftlang/swift-corelibs-foundation/issues/5409). By one of those it notices an end: it would wait for as
    /// long as the other runs.
    public func start() throws {
        try Self.starting.withLock { try run() }
    }

    /// Starts it with a new pipe as its input.
    /// - Returns: the end that is written to. The input ends when this is closed, or when this process ends.
    public func runOnLeash() throws -> FileHandle {
        let pipe = try PrivatePipe()
        standardInput = pipe.reading
        try start()
        try pipe.reading.close()
        return pipe.writing
    }

    /// Runs it to its end. Blocks.
    /// - Parameter errors: where its errors go; `nil` for where its output goes.
    /// - Returns: its exit status, and what it wrote.
    public func runToEnd(errors: FileHandle? = nil) throws -> (status: Int32, output: Data) {
        let pipe = try PrivatePipe()
        standardOutput = pipe.writing
        standardError = errors ?? pipe.writing
        try start()
        try pipe.writing.close()
        let output = pipe.reading.readDataToEndOfFile()
        waitUntilExit()
        return (terminationStatus, output)
    }
}
