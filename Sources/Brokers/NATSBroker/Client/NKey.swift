#if NATS
    import CLibNATS
    import FleetCore
    import Foundation

    /// Keys of NATS: Ed25519, in base 32 with a prefix and a check sum. https://github.com/nats-io/nkeys
    enum NKey {
        private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        /// Of a user's public key: it begins with `U`.
        private static let userPrefix: UInt8 = 20 << 3
        /// Of a seed: it begins with `S`.
        private static let seedPrefix: UInt8 = 18 << 3

        /// The public key of the user whose seed a file holds, on a line of its own.
        static func publicKey(inFile path: String) throws -> String {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw unusable(path) }
            let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            guard let seed = lines.first(where: { $0.hasPrefix("SU") }), let key = publicKey(ofSeed: seed) else {
                throw unusable(path)
            }
            return key
        }

        private static func unusable(_ path: String) -> FleetError {
            FleetError(
                .invalidInput, "the file of broker.nkey holds no seed of a user: \(path)",
                remedy: "put the seed there, a line that begins with SU (`nk -gen user`)")
        }

        /// `nil` for what is no seed of a user.
        static func publicKey(ofSeed seed: String) -> String? {
            guard let bytes = decoded(seed), bytes.count == 36,
                checkSum(of: bytes[..<34]) == UInt16(bytes[34]) | UInt16(bytes[35]) << 8
            else { return nil }
            let kind = (bytes[0] & 7) << 5 | (bytes[1] & 0xF8) >> 3
            guard bytes[0] & 0xF8 == seedPrefix, kind == userPrefix, let key = publicKey(of: Array(bytes[2..<34]))
            else {
                return nil
            }
            var text = [userPrefix] + key
            let sum = checkSum(of: text[...])
            text += [UInt8(sum & 0xFF), UInt8(sum >> 8)]
            return encoded(text)
        }

        private static func publicKey(of seed: [UInt8]) -> [UInt8]? {
            guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else { return nil }
            defer { EVP_PKEY_free(key) }
            var bytes = [UInt8](repeating: 0, count: 32)
            var count = bytes.count
            return EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 && count == 32 ? bytes : nil
        }

        /// CRC-16/XMODEM.
        private static func checkSum(of bytes: ArraySlice<UInt8>) -> UInt16 {
            bytes.reduce(0) { sum, byte in
                (0..<8).reduce(sum ^ UInt16(byte) << 8) { sum, _ in sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
            }
        }

        private static func encoded(_ bytes: [UInt8]) -> String {
            var text: [UInt8] = []
            var (bits, count): (UInt32, UInt32) = (0, 0)
            for byte in bytes {
                bits = bits << 8 | UInt32(byte)
                count += 8
                while count >= 5 {
                    count -= 5
                    text.append(alphabet[Int(bits >> count & 31)])
                }
            }
            if count > 0 { text.append(alphabet[Int(bits << (5 - count) & 31)]) }
            return String(decoding: text, as: UTF8.self)
        }

        private static func decoded(_ text: String) -> [UInt8]? {
            var bytes: [UInt8] = []
            var (bits, count): (UInt32, UInt32) = (0, 0)
            for digit in text.utf8 {
                guard let value = alphabet.firstIndex(of: digit) else { return nil }
                bits = bits << 5 | UInt32(value)
                count += 5
                if count >= 8 {
                    count -= 8
                    bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                }
            }
            return bytes
        }
    }
#endif
