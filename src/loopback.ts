/** `hostname` as `new URL(…).hostname` writes it, where every spelling of 127.0.0.0/8 is normalised there (RFC 8252 §7.3, RFC 6890). */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}
