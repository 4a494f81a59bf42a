/** An error as the SDK throws it for an answer of the service. */
export function serviceError(
  name: string,
  httpStatusCode: number,
  message = `HTTP ${httpStatusCode}`,
): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

/** An error of the network below the SDK, which adds metadata without a status to it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 127.0.0.1:443`), { code, $metadata: { attempts: 1 } });
}
