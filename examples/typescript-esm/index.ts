import { AmplitudeKinesisDestination } from "pulumi-amplitude-kinesis";

const destination = new AmplitudeKinesisDestination("acme", { retentionHours: 48 });

export const { roleArn, region, streamName } = destination;
