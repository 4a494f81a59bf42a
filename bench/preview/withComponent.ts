// Compiled, as the package that users install is: loading its sources through a compiler costs five times as much.
import { AmplitudeKinesisDestination } from "../../dist/components";

export const { roleArn, region, streamName } = new AmplitudeKinesisDestination("amplitude");
