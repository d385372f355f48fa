#if Postgres
    import Foundation
    import TestKit

    /// A session of psql that ends when nobody holds it any more.
    final class LeashedSQL {
        private let process = Process()

        init(_ fleet: CountingFleet, _ sql: String) throws {
            process.executableURL = URL(fileURLWithPath: fleet.server.programs + "/psql")
            process.arguments = ["-X", "-q", "-c", sql, fleet.server.url(fleet.database)]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.start()
        }

        deinit {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }
#endif
