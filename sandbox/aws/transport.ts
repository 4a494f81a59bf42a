/**
 * The sandbox's plain-HTTP endpoint stands for AWS's TLS endpoints. For tests alone, so that a policy which denies what
 * comes without TLS can be seen at work, a request of Kinesis is taken as plain if it carries the header
 * `x-sandbox-transport: plain`. AWS knows no such header.
 */
export function transportContext(headers: Record<string, string>): Record<string, string> {
  return headers["x-sandbox-transport"] === "plain" ? { "aws:SecureTransport": "false" } : {};
}
