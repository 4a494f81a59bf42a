import * as pulumi from "@pulumi/pulumi";
import { AmplitudeKinesisDestination, type AmplitudeKinesisDestinationArgs } from "pulumi-amplitude-kinesis";

const alarmTopicArn = new pulumi.Config().get("alarmTopicArn");
const inputs: AmplitudeKinesisDestinationArgs = alarmTopicArn
  ? { alarms: { actionArns: [alarmTopicArn] } }
  : {};

const destination = new AmplitudeKinesisDestination("amplitude", inputs);

// Amplitude's form takes the first three outputs. `amplitude-kinesis check` compares the others with the deployment.
export const { roleArn, region, streamName, streamArn, roleName, policyArn } = destination;
