package main

import (
	amplitudekinesis "example.com/pulumi-amplitude-kinesis/sdk/go/amplitude-kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		destination, err := amplitudekinesis.NewAmplitudeKinesisDestination(ctx, "acme",
			&amplitudekinesis.AmplitudeKinesisDestinationArgs{
				RetentionHours: pulumi.Float64(48),
				Alarms:         &amplitudekinesis.DeliveryAlarmsArgs{SilenceMinutes: pulumi.Float64(30)},
			})
		if err != nil {
			return err
		}
		ctx.Export("roleArn", destination.RoleArn)
		ctx.Export("region", destination.Region)
		ctx.Export("streamName", destination.StreamName)
		return nil
	})
}
