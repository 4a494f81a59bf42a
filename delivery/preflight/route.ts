/**
 * How events reach the stream. `role`: the customer's role is assumed and writes, as Amplitude does. `operator`: the
 * operator's own credentials write, and AWS simulates the role's permissions.
 */
export type Route = "role" | "operator";
