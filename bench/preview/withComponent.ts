import { AmplitudeKinesisDestination } from "pulumi-amplitude-kinesis";

export const { roleArn, region, streamName } = new AmplitudeKinesisDestination("amplitude");
