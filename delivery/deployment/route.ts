/**
 * How events reach the stream. `role`: the customer's role is assumed and writes, as Amplitude does. `operator`: the
 * operator's own credentials write, and AWS simulates the role's permissions.
 */
export type Route = "role" | "operator";

/** By whom a test's events were written: `amplitude`, where they were sent to Amplitude, and Amplitude wrote them. */
export type ReportedRoute = Route | "amplitude";
