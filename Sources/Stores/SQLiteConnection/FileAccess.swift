public import FleetCore
import Foundation

/// What the system lets this process do with files.
public enum FileAccess {
    /// - Throws: `denied` where this process may not read what is at a path, or may not even see whether anything is.
    public static func check(_ path: String) throws {
        if let denial = denial(of: path) { throw denial }
    }

    /// - Returns: `nil` where the path can be read, or nothing is there, as far as rights go.
    public static func denial(of path: String) -> FleetError? {
        var status = stat()
        if stat(path, &status) == 0 {
            return mayNot(R_OK, path) ? refusal(of: path, "may not read it", owner: status.st_uid) : nil
        }
        guard errno == EACCES else { return nil }
        // The first directory that can be seen is the one that cannot be entered.
        var directory = (path as NSString).deletingLastPathComponent
        while !directory.isEmpty, directory != "/", stat(directory, &status) != 0 {
            directory = (directory as NSString).deletingLastPathComponent
        }
        return refusal(of: path, "may not enter \(directory.isEmpty ? "." : directory)", owner: status.st_uid)
    }

    private static func mayNot(_ what: Int32, _ path: String) -> Bool {
        faccessat(AT_FDCWD, path, what, AT_EACCESS) != 0 && errno == EACCES
    }

    private static func refusal(of path: String, _ what: String, owner: uid_t) -> FleetError {
        FleetError(
            .denied, "\(path) cannot be read: \(name(of: geteuid())) \(what)",
            remedy: "run flotilla as \(name(of: owner)), or give \(name(of: geteuid())) the right")
    }

    private static func name(of user: uid_t) -> String {
        var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
        var buffer = [CChar](repeating: 0, count: 4096)
        let code = getpwuid_r(user, &entry, &buffer, buffer.count, &found)
        return code == 0 && found != nil ? "user \(String(cString: entry.pw_name))" : "user \(user)"
    }
}
