import Testing

@testable import HTTPEndpoint

/// What a URL says.
@Suite struct AddressTests {
    @Test(arguments: [
        ("http://host/a?b=c#d", false, "host", 80, "host", "/a?b=c"),
        ("HTTPS://Host", true, "Host", 443, "Host", "/"),
        ("http://host:8080?x", false, "host", 8080, "host:8080", "/?x"),
        ("https://[::1]:443/", true, "::1", 443, "[::1]", "/"),
        ("http://[fe80::1]/p", false, "fe80::1", 80, "[fe80::1]", "/p"),
        ("http://host:/", false, "host", 80, "host", "/"),
    ])
    func isRead(
        _ url: String, _ isSecure: Bool, _ host: String, _ port: Int, _ field: String, _ target: String
    ) throws {
        let address = try #require(HTTPAddress(url))
        #expect(address.origin == HTTPAddress.Origin(isSecure: isSecure, host: host, port: port))
        #expect(address.hostField == field)
        #expect(address.target == target)
    }

    @Test(arguments: [
        "", "host", "ftp://host/", "http:/host", "http://", "http:///x", "http://user:secret@host/", "http://host:0/",
        "http://host:99999/", "http://host:1x/", "http://[::1", "http://[host]/", "http://ho st/", "http://höst/",
        "http://host/a\r\nx: y",
    ])
    func isRefused(_ url: String) {
        #expect(HTTPAddress(url) == nil)
    }
}
