const rocketmq = "a broker's remoting port is usually 10911, the name server's 9876"

const starts = (bytes: Uint8Array, text: string): boolean => {
  if (bytes.length < Math.min(text.length, 4)) return false
  for (let i = 0; i < text.length && i < bytes.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false
  return true
}

const isUpper = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

/** 00 00 xx 04 00 00 00 00 (00): a SETTINGS frame, the first that a server sends. */
const isHttp2Settings = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && bytes[0] === 0 && bytes[1] === 0 && bytes[2]! % 6 === 0 && bytes[3] === 4 && bytes[4]! <= 1 &&
  bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0 && (bytes.length < 9 || bytes[8] === 0)

/** `+OK`, `-ERR`, `$5`, `*1`, `:1` of Redis. */
const isRedis = (bytes: Uint8Array): boolean => {
  const second = bytes[1]
  switch (bytes[0]) {
    case 0x2b:
      return isUpper(second)
    case 0x2d:
      return isUpper(second) && isUpper(bytes[2]) && isUpper(bytes[3])
    case 0x24:
    case 0x2a:
    case 0x3a:
      return isDigit(second) || second === 0x2d
    default:
      return false
  }
}

/** In plain words what a peer seems to be by its first bytes (four at least); `undefined` when they tell nothing. */
export const streamHint = (first: Uint8Array): string | undefined => {
  if (starts(first, "PRI * HTTP/2")) {
    return "this looks like an HTTP/2 or gRPC client; let it connect to the gRPC port of a proxy (usually 8081), " +
      "this port speaks the RocketMQ remoting protocol"
  }
  if (isHttp2Settings(first)) {
    return "this looks like an HTTP/2 or gRPC server, such as the gRPC port (8081) of a RocketMQ proxy; " +
      `connect to a remoting port instead: ${rocketmq}`
  }
  if (starts(first, "HTTP")) return `this looks like an HTTP server; connect to a remoting port instead: ${rocketmq}`
  for (const method of ["GET ", "POST", "PUT ", "HEAD", "OPTI", "DELE", "PATC", "CONN"]) {
    if (starts(first, method)) {
      return "this looks like an HTTP client; this port speaks the RocketMQ remoting protocol, not HTTP"
    }
  }
  if ((first[0] === 0x15 || first[0] === 0x16) && first[1] === 3 && first[2]! <= 4) {
    return first[0] === 0x15
      ? "this looks like a TLS alert: the peer speaks TLS and refused what it got; " +
        "turn TLS on in the transport, or check the certificates of both sides"
      : "this looks like a TLS handshake; turn TLS on, on both sides or on neither"
  }
  if (starts(first, "SSH-")) return `this looks like an SSH server; connect to a remoting port instead: ${rocketmq}`
  if (isRedis(first)) return `this looks like Redis; connect to a remoting port instead: ${rocketmq}`
  return undefined
}
