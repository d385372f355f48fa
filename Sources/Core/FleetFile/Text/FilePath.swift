#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Paths as text: absolute, normalised, and with symbolic links resolved.
enum FilePath {
    /// As many links as Linux follows for one path.
    private static let linkLimit = 40

    /// `path` below `directory` unless it is absolute already, without `.`, `..` and doubled slashes. Links stay.
    static func absolute(_ path: String, in directory: String) -> String {
        var parts: [Substring] = []
        let whole = path.hasPrefix("/") ? path : directory + "/" + path
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The directory of a file, absolute.
    static func directory(ofFile path: String) -> String {
        absolute(absolute(path, in: current) + "/..", in: "/")
    }

    /// An absolute path with every link resolved, as far as its parts exist: two paths of one file are equal.
    static func resolved(_ path: String) -> String {
        var pending = path.split(separator: "/").map(String.init)[...]
        var done = ""
        var links = 0
        while let part = pending.popFirst() {
            if part == "." { continue }
            if part == ".." {
                done = String(done.prefix(upTo: done.lastIndex(of: "/") ?? done.startIndex))
                continue
            }
            if links < linkLimit, let target = link(at: done + "/" + part) {
                links += 1
                if target.hasPrefix("/") { done = "" }
                pending = (target.split(separator: "/").map(String.init) + pending)[...]
            } else {
                done += "/" + part
            }
        }
        return done.isEmpty ? "/" : done
    }

    /// Whether `path` is `directory` or lies below it; both absolute and normalised.
    static func isInside(_ path: String, directory: String) -> Bool {
        path == directory || path.hasPrefix(directory.hasSuffix("/") ? directory : directory + "/")
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The working directory.
    private static var current: String {
        guard let pointer = getcwd(nil, 0) else { return "/" }
        defer { free(pointer) }
        return String(cString: pointer)
    }

    private static func link(at path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
