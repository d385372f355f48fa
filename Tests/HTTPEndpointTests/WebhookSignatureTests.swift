import Testing
import Wire

@testable import HTTPEndpoint

@Suite struct WebhookSignatureTests {
    /// The vector that the specification's own libraries are tested with.
    /// https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py
    @Test func signsAsTheSpecificationDoes() throws {
        let signature = WebhookSignature(try WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(
            signature.value(
                id: "msg_p5jXN8AQM9LWM0D4loKWxJek", time: "1614265330", body: Array(#"{"test": 2432232314}"#.utf8))
                == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func aPlainTextIsTheKeyItself() throws {
        #expect(try WebhookSecret("abc").key == Array("abc".utf8))
    }

    @Test func whatIsNoBase64IsRefusedWithoutBeingQuoted() throws {
        #expect { try WebhookSecret("whsec_%%%hidden") } throws: { !"\($0)".contains("hidden") }
    }
}
