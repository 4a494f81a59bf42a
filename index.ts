import * as pulumi from "@pulumi/pulumi";
import { AmplitudeKinesisDestination, type DeliveryAlarms, type StreamMode } from "./components/index";

const config = new pulumi.Config();
/** Pulumi.yaml gives every setting a default. An empty string, 0, an empty list and an empty map mean "not set". */
const text = (key: string) => config.get(key) || undefined;
const list = (key: string) => {
  const values = config.getObject<string[]>(key);
  return values?.length ? values : undefined;
};
const alarms = () => {
  const values = config.getObject<DeliveryAlarms>("alarms");
  return values && Object.keys(values).length > 0 ? values : undefined;
};

const inputs = {
  existingStreamArn: text("existingStreamArn"),
  streamName: text("streamName"),
  streamMode: text("streamMode") as StreamMode | undefined,
  shardCount: config.getNumber("shardCount") || undefined,
  retentionHours: config.getNumber("retentionHours") || undefined,
  maxRecordSizeKib: config.getNumber("maxRecordSizeKib") || undefined,
  shardLevelMetrics: list("shardLevelMetrics"),
  retainStream: config.getBoolean("retainStream"),
  requireTls: config.getBoolean("requireTls"),
  kmsKeyArn: text("kmsKeyArn"),
  roleName: text("roleName"),
  roleNamePrefix: text("roleNamePrefix"),
  rolePath: text("rolePath"),
  maxSessionSeconds: config.getNumber("maxSessionSeconds"),
  permissionsBoundaryArn: text("permissionsBoundaryArn"),
  externalId: text("externalId"),
  amplitudeAccountId: text("amplitudeAccountId"),
  amplitudePrincipalArns: list("amplitudePrincipalArns"),
  amplitudePrincipalArnPatterns: list("amplitudePrincipalArnPatterns"),
  testPrincipalArns: list("testPrincipalArns"),
  alarms: alarms(),
  tags: config.getObject<Record<string, string>>("tags"),
};

const destination = new AmplitudeKinesisDestination("amplitude", inputs);

export const roleArn = destination.roleArn;
export const region = destination.region;
export const streamName = destination.streamName;
export const streamArn = destination.streamArn;
/** Only with an existing stream: `amplitude-kinesis` gives remedies for it that `pulumi up` can't. */
export const existingStreamArn = inputs.existingStreamArn;
export const readme = pulumi.interpolate`# ${pulumi.getStack()}: Amplitude destination

Type these three values into Amplitude, under **Data Destinations › Kinesis Data Stream - Event Stream**:

| Amplitude's field | value |
|---|---|
| AWS region | \`${region}\` |
| stream name | \`${streamName}\` |
| role name (ARN) | \`${roleArn}\` |

1. Enter a sync name and click **Create Sync**.
2. Click **Edit** and enter the three values above. The form has no field for an external id.
3. Choose the events under *Send events*.
4. Test that the stream works, from a shell with credentials for this account:
   \`npx amplitude-kinesis verify --stack ${pulumi.getStack()}\`
5. Enable the destination and save. Amplitude sends only events that arrive after that.
`;
