import pulumi
import pulumi_amplitude_kinesis as amplitude_kinesis

destination = amplitude_kinesis.AmplitudeKinesisDestination(
    "acme",
    retention_hours=48,
    alarms={"silence_minutes": 30},
)
pulumi.export("roleArn", destination.role_arn)
pulumi.export("region", destination.region)
pulumi.export("streamName", destination.stream_name)
