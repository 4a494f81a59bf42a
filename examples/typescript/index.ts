import * as pulumi from "@pulumi/pulumi";
import { AmplitudeKinesisDestination, StreamMode } from "pulumi-amplitude-kinesis";

const config = new pulumi.Config();

const destination = new AmplitudeKinesisDestination("acme", {
  streamMode: StreamMode.Provisioned,
  shardCount: 2,
  alarms: { actionArns: [config.require("alarmTopicArn")], silenceMinutes: 30 },
  tags: { team: "analytics" },
});

// `amplitude-kinesis check --stack …` reads all of these outputs. Amplitude's form takes the first three.
export const { roleArn, region, streamName, streamArn, roleName, policyArn } = destination;
