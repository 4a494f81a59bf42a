import { AMPLITUDE_ACCOUNT_ID, AmplitudeKinesisDestination, StreamMode } from "pulumi-amplitude-kinesis";
import { generateEvents, SettingsError, verifyDelivery } from "pulumi-amplitude-kinesis/delivery";

const classes = [AmplitudeKinesisDestination, SettingsError, generateEvents, verifyDelivery];
console.log(JSON.stringify([AMPLITUDE_ACCOUNT_ID, StreamMode.OnDemand, ...classes.map(({ name }) => name)]));
