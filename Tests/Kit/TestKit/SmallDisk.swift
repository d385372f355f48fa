import Foundation

/// A small file system of its own, in memory: to be filled, or made read-only. Needs the rights to mount.
public final class SmallDisk: Sendable {
    /// Where it is mounted.
    public let path: String
    private let mount: Command
    private let unmount: Command
    private let directory: TemporaryDirectory

    /// Whether one can be mounted here; where not, that is said on standard error.
    public static let isPossible: Bool = ((try? SmallDisk(kibibytes: 64)) ?? nil) != nil

    /// - Returns: `nil`, and says so on standard error, where nothing can be mounted.
    public init?(kibibytes: Int) throws {
        directory = try TemporaryDirectory()
        path = directory.path
        guard let mount = Command("mount"), let unmount = Command("umount") else { return nil }
        self.mount = mount
        self.unmount = unmount
        let result = try mount.run(["-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", path])
        guard result.status == 0 else {
            skipLoudly("no file system can be mounted here: \(result.output)")
            return nil
        }
    }

    deinit { remove() }

    /// Takes it away, with everything on it. Done by itself when nobody holds it any more, unless the process ends before.
    public func remove() {
        _ = try? unmount.run(["-l", path])
    }

    /// The path of a file on it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes it read-only.
    public func makeReadOnly() throws {
        try mount.succeed(["-o", "remount,ro", path])
    }

    /// Makes it writable again.
    public func makeWritable() throws {
        try mount.succeed(["-o", "remount,rw", path])
    }

    private var filler: String { file("filler") }

    /// Takes all the space that there is.
    public func fill() throws {
        guard FileManager.default.createFile(atPath: filler, contents: nil),
            let file = FileHandle(forWritingAtPath: filler)
        else { throw CheckFailure("\(filler) cannot be made") }
        for size in [1 << 20, 4096] {
            let block = Data(repeating: 0, count: size)
            while (try? file.write(contentsOf: block)) != nil {}
        }
        try file.close()
    }

    /// Gives it back.
    public func free() throws { try FileManager.default.removeItem(atPath: filler) }
}
