const rocketmq = "a broker's remoting port is usually 10911, the name server's 9876"

const text = (bytes: Uint8Array): string => {
  let out = ""
  for (let i = 0; i < bytes.length && i < 24; i++) out += String.fromCharCode(bytes[i]!)
  return out
}

/** In plain words what a peer seems to be by its first bytes; `undefined` when they tell nothing. */
export const streamHint = (first: Uint8Array): string | undefined => {
  const start = text(first)
  if (start.startsWith("PRI * HT")) {
    return `this looks like an HTTP/2 or gRPC client; let it connect to the proxy's gRPC port (usually 8081): ${rocketmq}`
  }
  if (first.length >= 8 && start.startsWith("\0\0") && /^\0\0[^]\u0004\0\0\0\0/.test(start)) {
    return "this looks like an HTTP/2 or gRPC server, such as the gRPC port (8081) of a RocketMQ proxy; " +
      `connect to a remoting port instead: ${rocketmq}`
  }
  if (/^HTTP/.test(start)) {
    return `this looks like an HTTP server; connect to a remoting port instead: ${rocketmq}`
  }
  if (/^(GET |POST|PUT |HEAD|OPTI|DELE|PATC|CONN)/.test(start)) {
    return "this looks like an HTTP client; this port speaks the RocketMQ remoting protocol, not HTTP"
  }
  if (/^[\u0015\u0016]\u0003[\0-\u0004]/.test(start)) {
    return start.startsWith("\u0015")
      ? "this looks like a TLS alert: the peer speaks TLS and refused us; " +
        "turn TLS on in the transport, or check the certificates of both sides"
      : "this looks like a TLS handshake; turn TLS on, on both sides or on neither"
  }
  if (start.startsWith("SSH-")) {
    return `this looks like an SSH server; connect to a remoting port instead: ${rocketmq}`
  }
  if (/^(\+[A-Z]|-[A-Z]{3}|\$-?\d|\*-?\d)/.test(start)) {
    return `this looks like Redis; connect to a remoting port instead: ${rocketmq}`
  }
  return undefined
}
