import { AmplitudeKinesisDestination } from "../../components";

export const { roleArn, region, streamName } = new AmplitudeKinesisDestination("amplitude");
