import Crypto
import Foundation
import GRDB
import Hummingbird

let secret = ProcessInfo.processInfo.environment["PUSH_SECRET"]?.dropFirst("whsec_".count) ?? ""
guard let secret = Data(base64Encoded: String(secret)), let port = Int(CommandLine.arguments.last ?? "") else {
    fatalError("PUSH_SECRET=whsec_… receiver PORT")
}
let store = try DatabaseQueue(path: "receiver.db")
try store.write { db in
    try db.execute(sql: "CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY)")
    try db.execute(sql: "CREATE TABLE IF NOT EXISTS effects (key TEXT, type TEXT, data TEXT)")
}
let router = Router()
router.post("events") { request, _ -> HTTPResponse.Status in
    let header = { name in request.headers.first { $0.name.canonicalName == name }?.value ?? "" }
    let body = Data(try await request.body.collect(upTo: 2 << 20).readableBytesView)
    let (id, time) = (header("webhook-id"), header("webhook-timestamp"))
    let isSigned = header("webhook-signature").split(separator: " ").contains { one in
        guard one.hasPrefix("v1,"), let mac = Data(base64Encoded: String(one.dropFirst(3))) else { return false }
        let signed = Data("\(id).\(time).".utf8) + body  // compared in constant time
        return HMAC<SHA256>.isValidAuthenticationCode(mac, authenticating: signed, using: SymmetricKey(data: secret))
    }
    guard isSigned, abs(Date().timeIntervalSince1970 - (Double(time) ?? 0)) < 300 else { return .unauthorized }
    let (key, type, data) = (header("ce-subject"), header("ce-type"), String(decoding: body, as: UTF8.self))
    try await store.write { db in  // the id and its effect, in one transaction
        try db.execute(sql: "INSERT OR IGNORE INTO inbox VALUES (?)", arguments: [id])
        guard db.changesCount == 1 else { return }
        try db.execute(sql: "INSERT INTO effects VALUES (?, ?, ?)", arguments: [key, type, data])
    }
    return .ok
}
try await Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port))).runService()
